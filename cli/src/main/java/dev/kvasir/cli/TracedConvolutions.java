package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of convolutions that a plan brings along, as calibrations have them: those of a tap
 * lie side by side in a plan, those of a channel in a calibration.
 */
final class TracedConvolutions {

  private static final Pattern NAME =
      Pattern.compile("(layer\\.\\d+\\.lococo\\.)(weight_by_tap|bias|alpha)");
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Takes a tensor. */
  interface Visitor {
    /** Takes a tensor of f32. */
    void visit(String name, float[] values, long... shape);
  }

  private TracedConvolutions() {}

  /** Shows all weights of convolutions of a plan that has been checked. */
  static void of(Plan plan, Visitor visitor) {
    byte[] weights = Objects.requireNonNull(plan.files().get(PlanFormat.WEIGHTS));
    SafetensorsFile file;
    try {
      file = SafetensorsFile.of(PlanFormat.WEIGHTS, MemorySegment.ofArray(weights));
    } catch (SafetensorsException e) {
      throw new IllegalStateException("a plan was checked and cannot be read", e);
    }
    for (SafetensorsTensor tensor : file.tensors().values()) {
      Matcher name = NAME.matcher(tensor.name());
      if (!name.matches()) {
        continue;
      }
      float[] values = tensor.data().toArray(FLOAT);
      List<Long> shape = tensor.shape();
      if (name.group(2).equals("weight_by_tap")) {
        visitor.visit(
            name.group(1) + "weight",
            byChannel(values, shape),
            shape.get(0),
            shape.get(2),
            shape.get(1));
      } else {
        visitor.visit(tensor.name(), values, shape.getFirst());
      }
    }
  }

  private static float[] byChannel(float[] byTap, List<Long> shape) {
    int taps = Math.toIntExact(shape.get(1));
    int channels = Math.toIntExact(shape.get(2));
    float[] turned = new float[byTap.length];
    for (int i = 0; i < turned.length; i++) {
      int slot = i / (taps * channels);
      int tap = i / channels % taps;
      int channel = i % channels;
      turned[(slot * channels + channel) * taps + tap] = byTap[i];
    }
    return turned;
  }
}
