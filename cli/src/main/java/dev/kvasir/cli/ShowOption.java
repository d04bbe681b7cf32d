package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.tornado.ChildProcess;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.cli.tornado.TornadoStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Shows people the code that TornadoVM makes of a plan's kernels. No device is needed for it. */
final class ShowOption {
  /** The option's name. */
  static final String NAME = "--show-generated";

  private static final String PROGRAM = "dev.kvasir.runtime.tornadovm.ShowGenerated";

  @Option(
      names = NAME,
      paramLabel = "DIR",
      description =
          "With --target tornado: write what TornadoVM makes of each kernel to this folder: OpenCL"
              + " C, CUDA C or PTX, whichever the TornadoVM SDK is for. It needs no device.")
  private Optional<Path> folder = Optional.empty();

  /** {@return where the code is to go, if it is wanted} */
  Optional<Path> folder() {
    return folder;
  }

  /**
   * Says before the work and not after it what is missing.
   *
   * @throws CommandException when TornadoVM is not to be had
   */
  void require(TornadoLauncher launcher) {
    if (folder.isPresent()
        && start(launcher, Path.of(""), folder.get()) instanceof TornadoStart.Missing missing) {
      throw TornadoStrategy.unavailable(NAME, missing);
    }
  }

  /**
   * {@return how many files there are in the folder then}
   *
   * @param plan the plan's file
   */
  static long show(TornadoLauncher launcher, Path plan, Path folder) throws IOException {
    switch (start(launcher, plan, folder)) {
      case TornadoStart.Missing missing -> throw TornadoStrategy.unavailable(NAME, missing);
      case TornadoStart.Here _ -> throw new IllegalStateException("a program has its own process");
      case TornadoStart.Child child -> run(child);
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }

  private static TornadoStart start(TornadoLauncher launcher, Path plan, Path folder) {
    return launcher.process(List.of(), PROGRAM, List.of(plan.toString(), folder.toString()));
  }

  private static void run(TornadoStart.Child child) throws IOException {
    int status;
    try {
      status = ChildProcess.run(child.command());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (status != ExitCodes.OK) {
      throw new CommandException(
          Kind.TARGET_UNAVAILABLE,
          NAME,
          "TornadoVM shows no code; what it said is above",
          "the plan is written; compile without " + NAME);
    }
  }
}
