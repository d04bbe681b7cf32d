package dev.kvasir.plans;

import dev.kvasir.plans.ModelFilesException.Reason;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.ShardIndex;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files of a model directory that Kvasir reads, present as regular files when this was made.
 *
 * @param config {@code config.json}
 * @param weights {@code model.safetensors}, or the files of the index by ascending name
 * @param index what {@code model.safetensors.index.json} says; empty for a model in one file, which
 *     is preferred where a directory has both
 */
public record ModelFiles(Path config, List<Path> weights, Optional<ShardIndex> index) {
  /** The largest {@code config.json} that is read. */
  public static final int MAX_CONFIG_BYTES = 1 << 20;

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** Copies the list. */
  public ModelFiles {
    weights = List.copyOf(weights);
  }

  /**
   * {@return the files of {@code directory}}
   *
   * @throws ModelFilesException when one is missing
   * @throws SafetensorsException when the index is none
   * @throws IOException when the index cannot be read
   */
  public static ModelFiles locate(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new ModelFilesException(
          Reason.NOT_A_DIRECTORY, directory, "expected a model directory, got none");
    }
    Path config = directory.resolve(CONFIG);
    if (!Files.isRegularFile(config)) {
      throw new ModelFilesException(
          Reason.NO_CONFIG, config, "expected the model's " + CONFIG + ", got no such file");
    }
    Path weights = directory.resolve(WEIGHTS);
    if (Files.isRegularFile(weights)) {
      return new ModelFiles(config, List.of(weights), Optional.empty());
    }
    Path index = directory.resolve(INDEX);
    if (!Files.isRegularFile(index)) {
      throw new ModelFilesException(
          Reason.NO_WEIGHTS,
          weights,
          "expected the model's %s or %s, got no such file".formatted(WEIGHTS, INDEX));
    }
    return sharded(config, index);
  }

  private static ModelFiles sharded(Path config, Path index) throws IOException {
    ShardIndex shards =
        ShardIndex.parse(index.toString(), readAtMost(index, ShardIndex.MAX_BYTES + 1));
    List<Path> weights = new ArrayList<>();
    for (String name : shards.fileNames()) {
      Path shard = index.resolveSibling(name);
      if (!Files.isRegularFile(shard)) {
        throw new ModelFilesException(
            Reason.NO_SHARD, shard, "expected a file that %s names, got none".formatted(INDEX));
      }
      weights.add(shard);
    }
    return new ModelFiles(config, weights, Optional.of(shards));
  }

  /** {@return what messages about the weights as a whole name: their one file, or the index} */
  public Path place() {
    return index.isPresent() ? config.resolveSibling(INDEX) : weights.getFirst();
  }

  /**
   * {@return the bytes of {@link #config}}
   *
   * @throws ModelFilesException when there are more than {@link #MAX_CONFIG_BYTES}
   * @throws IOException when the file cannot be read
   */
  public byte[] readConfig() throws IOException {
    byte[] bytes = readAtMost(config, MAX_CONFIG_BYTES + 1);
    if (bytes.length > MAX_CONFIG_BYTES) {
      throw new ModelFilesException(
          Reason.CONFIG_TOO_LARGE,
          config,
          "expected at most " + MAX_CONFIG_BYTES + " bytes, got more");
    }
    return bytes;
  }

  private static byte[] readAtMost(Path file, int bytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(bytes);
    }
  }
}
