package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.tornado.ChildProcess;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.cli.tornado.TornadoStart;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;

/**
 * Runs a verb here, or the whole command line in a process with TornadoVM when the verb needs it
 * and this process has none.
 */
final class TornadoStrategy implements IExecutionStrategy {
  private final TornadoLauncher launcher;
  private final List<String> arguments;

  /**
   * @param arguments the command line
   */
  TornadoStrategy(TornadoLauncher launcher, String... arguments) {
    this.launcher = launcher;
    this.arguments = List.of(arguments);
  }

  @Override
  public int execute(ParseResult parsed) {
    CommandLine last = parsed.asCommandLineList().getLast();
    boolean help = last.isUsageHelpRequested() || last.isVersionHelpRequested();
    if (!help && last.getCommand() instanceof TornadoVerb verb) {
      Optional<Integer> status = elsewhere(verb, last);
      if (status.isPresent()) {
        return status.get();
      }
    }
    return new RunLast().execute(parsed);
  }

  /** {@return the exit status of another process; empty when the work is to be done here} */
  private Optional<Integer> elsewhere(TornadoVerb verb, CommandLine command) {
    TornadoVerb.Use use = use(verb);
    if (use == TornadoVerb.Use.NONE) {
      return Optional.empty();
    }
    return switch (launcher.start(arguments)) {
      case TornadoStart.Here _ -> Optional.empty();
      case TornadoStart.Child child -> Optional.of(run(child, verb, command));
      case TornadoStart.Missing missing -> {
        if (use == TornadoVerb.Use.REQUIRED) {
          throw failure(command, unavailable(verb.tornadoPlace(), missing));
        }
        yield Optional.empty();
      }
    };
  }

  /** What cannot be read asks for nothing: the verb says so when it is its turn. */
  private static TornadoVerb.Use use(TornadoVerb verb) {
    try {
      return verb.tornado();
    } catch (IOException e) {
      return TornadoVerb.Use.NONE;
    }
  }

  private static int run(TornadoStart.Child child, TornadoVerb verb, CommandLine command) {
    try {
      return ChildProcess.run(child.command());
    } catch (IOException e) {
      throw failure(
          command,
          new CommandException(
              Kind.TARGET_UNAVAILABLE,
              verb.tornadoPlace(),
              "Java with TornadoVM cannot be started: " + e.getMessage(),
              "check that %s can be run".formatted(child.command().getFirst())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCodes.INTERRUPTED;
    }
  }

  /** {@return the error of work that cannot be done because of what is missing} */
  static CommandException unavailable(String place, TornadoStart.Missing missing) {
    return new CommandException(
        Kind.TARGET_UNAVAILABLE,
        place,
        "target tornado cannot be used: " + missing.problem(),
        missing.remedy());
  }

  private static ExecutionException failure(CommandLine command, CommandException cause) {
    return new ExecutionException(command, String.valueOf(cause.getMessage()), cause);
  }
}
