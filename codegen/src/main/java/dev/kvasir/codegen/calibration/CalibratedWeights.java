package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightSource;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The weights of a model and, beside them, those of its convolutions.
 *
 * @param model the model's own
 * @param convolutions of that model
 */
public record CalibratedWeights(WeightSource model, ConvCalibration convolutions)
    implements WeightSource {

  @Override
  public SortedSet<String> names() {
    SortedSet<String> names = new TreeSet<>(model.names());
    names.addAll(convolutions.weights().keySet());
    return Collections.unmodifiableSortedSet(names);
  }

  @Override
  public Optional<Weight> find(String name) {
    return model.find(name).or(() -> convolutions.find(name));
  }

  @Override
  public String fingerprint() {
    return model.fingerprint();
  }
}
