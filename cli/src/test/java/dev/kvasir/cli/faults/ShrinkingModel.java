package dev.kvasir.cli.faults;

import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Runs a plan whose model loses its weights, or has them replaced, and says what came of it. */
final class ShrinkingModel {

  private ShrinkingModel() {}

  /** Arguments: plan, model folder, steps before the change, what the change is. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[1]);
    LoadOptions options = LoadOptions.defaults().threads(2).cacheFolder(folder.resolve("cache"));
    int steps = Integer.parseInt(arguments[2]);
    try (LoadedModel model = LoadedModel.load(Path.of(arguments[0]), folder, options)) {
      step(model, steps);
      change(folder.resolve("model.safetensors"), arguments[3], model);
      step(model, 3);
      System.out.println("went on");
    } catch (KvasirException e) {
      System.out.println(e.getMessage());
    }
    System.out.println("ended");
  }

  private static void change(Path weights, String change, LoadedModel model) throws Exception {
    switch (change) {
      case "empty" -> truncate(weights, 0);
      case "half" -> truncateHalf(weights);
      case "last byte" -> truncate(weights, Files.size(weights) - 1);
      case "replaced" -> {
        Path other = weights.resolveSibling("other");
        Files.write(other, new byte[100]);
        Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);
      }
      case "half in a step" -> {
        try (Session session = model.newSession()) {
          // Between two launches of the step, long after the size was looked at.
          session.observe((name, position, shape, values) -> truncateHalf(weights));
          session.step('A');
        }
      }
      default -> throw new IllegalArgumentException(change);
    }
  }

  private static void truncateHalf(Path file) {
    try {
      truncate(file, Files.size(file) / 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void truncate(Path file, long bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  private static void step(LoadedModel model, int count) {
    int left = count;
    while (left > 0) {
      try (Session session = model.newSession()) {
        session.append(Prompt.of("And"));
        for (int i = 0; i < 200 && left > 0; i++, left--) {
          session.step(session.greedyToken());
        }
      }
    }
  }
}
