package dev.kvasir.plans;

import dev.kvasir.plans.ModelFilesException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The files of a model directory that Kvasir reads, present as regular files when this was made.
 *
 * @param config {@code config.json}
 * @param weights {@code model.safetensors}
 */
public record ModelFiles(Path config, Path weights) {
  /** The largest {@code config.json} that is read. */
  public static final int MAX_CONFIG_BYTES = 1 << 20;

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /**
   * {@return the files of {@code directory}}
   *
   * @throws ModelFilesException when one is missing or the weights are sharded
   */
  public static ModelFiles locate(Path directory) throws ModelFilesException {
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
    if (!Files.isRegularFile(weights)) {
      if (Files.exists(directory.resolve(INDEX))) {
        throw new ModelFilesException(
            Reason.SHARDED_WEIGHTS,
            directory.resolve(INDEX),
            "expected the weights in the single file "
                + WEIGHTS
                + ", got an index of shards, which this version does not read");
      }
      throw new ModelFilesException(
          Reason.NO_WEIGHTS, weights, "expected the model's " + WEIGHTS + ", got no such file");
    }
    return new ModelFiles(config, weights);
  }

  /**
   * {@return the bytes of {@link #config}}
   *
   * @throws ModelFilesException when there are more than {@link #MAX_CONFIG_BYTES}
   * @throws IOException when the file cannot be read
   */
  public byte[] readConfig() throws IOException {
    try (InputStream in = Files.newInputStream(config)) {
      byte[] bytes = in.readNBytes(MAX_CONFIG_BYTES + 1);
      if (bytes.length > MAX_CONFIG_BYTES) {
        throw new ModelFilesException(
            Reason.CONFIG_TOO_LARGE,
            config,
            "expected at most " + MAX_CONFIG_BYTES + " bytes, got more");
      }
      return bytes;
    }
  }
}
