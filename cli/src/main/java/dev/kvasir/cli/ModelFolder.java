package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.plans.Plan;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Where the model of a plan lies. */
final class ModelFolder {

  private ModelFolder() {}

  /**
   * {@return the folder that was named, else the one that the plan remembers}
   *
   * @param file the plan's file
   * @param named the folder of {@code --model}
   * @throws CommandException when none was named and the plan's is not there
   */
  static Path of(Path file, Plan plan, Optional<Path> named) {
    if (named.isPresent()) {
      return named.get();
    }
    String hint = plan.manifest().model().pathHint();
    return resolve(file, hint)
        .filter(Files::isDirectory)
        .orElseThrow(
            () ->
                new CommandException(
                    Kind.MODEL_NOT_FOUND,
                    file.toString(),
                    "expected its model %s at %s relative to the plan, got no folder"
                        .formatted(plan.manifest().model().name(), hint),
                    "name the model's folder with --model"));
  }

  private static Optional<Path> resolve(Path file, String hint) {
    try {
      return Optional.of(file.toAbsolutePath().resolveSibling(hint).normalize());
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
