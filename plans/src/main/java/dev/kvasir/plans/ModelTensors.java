package dev.kvasir.plans;

import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.ShardIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All tensors of a model, whether they lie in one file or in several. Immutable; data is mapped,
 * never copied, and lives as long as the arena it was mapped into.
 */
public final class ModelTensors {
  private final SortedMap<String, SafetensorsTensor> tensors;

  private ModelTensors(SortedMap<String, SafetensorsTensor> tensors) {
    this.tensors = Collections.unmodifiableSortedMap(tensors);
  }

  /**
   * {@return the tensors of a model, mapped read-only into {@code arena}}
   *
   * <p>With an index, each of its files must hold exactly the tensors that the index places there,
   * so that every tensor is found once.
   *
   * @throws SafetensorsException when a file breaks a rule of its format, or the files contradict
   *     their index
   * @throws IOException when a file cannot be read
   */
  public static ModelTensors open(ModelFiles files, Arena arena) throws IOException {
    SortedMap<String, SafetensorsTensor> tensors = new TreeMap<>();
    for (Path file : files.weights()) {
      SafetensorsFile weights = SafetensorsFile.open(file, arena);
      if (files.index().isPresent()) {
        checkShard(files.index().get(), file, weights.names());
      }
      tensors.putAll(weights.tensors());
    }
    if (files.index().isPresent()) {
      checkIndex(files, files.index().get(), tensors);
    }
    return new ModelTensors(tensors);
  }

  private static void checkShard(ShardIndex index, Path file, List<String> names)
      throws SafetensorsException {
    String shard = String.valueOf(file.getFileName());
    for (String name : names) {
      String listed = index.files().get(name);
      if (!shard.equals(listed)) {
        throw contradiction(
            file + ": tensor " + name,
            listed == null
                ? "expected only tensors that the index lists, got another"
                : "expected in " + listed + ", where the index has it, got it here");
      }
    }
  }

  private static void checkIndex(
      ModelFiles files, ShardIndex index, SortedMap<String, SafetensorsTensor> tensors)
      throws SafetensorsException {
    for (String name : index.files().keySet()) {
      if (!tensors.containsKey(name)) {
        throw contradiction(
            files.place() + ": weight_map." + name,
            "expected the tensor in " + index.files().get(name) + ", got none there");
      }
    }
    // Sizes of tensors sum up without overflow: each lies in a file of its own bytes.
    long bytes = tensors.values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
    if (index.totalBytes().orElse(bytes) != bytes) {
      throw contradiction(
          files.place() + ": metadata.total_size",
          "expected %d, the bytes of all tensors, got %d"
              .formatted(bytes, index.totalBytes().getAsLong()));
    }
  }

  private static SafetensorsException contradiction(String place, String problem) {
    return new SafetensorsException(Reason.INDEX_MISMATCH, place, problem);
  }

  /** {@return the names of all tensors, ascending} */
  public SortedSet<String> names() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(tensors.keySet()));
  }

  /** {@return the tensor {@code name}, empty when the model has none of that name} */
  public Optional<SafetensorsTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }
}
