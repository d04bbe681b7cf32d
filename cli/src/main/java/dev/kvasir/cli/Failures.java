package dev.kvasir.cli;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Severity;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what a verb throws into lines on stderr and an exit status. */
final class Failures {

  /** A verb whose errors are about one file, or one option. */
  interface Placed {
    /** {@return what errors that name no place of their own are about} */
    String place();
  }

  /** The option that shows where an error arose. */
  static final String STACKTRACE = "--stacktrace";

  private static final String INTERNAL = "internal error: ";

  private static final Set<DiagnosticCode> MISTAKES_OF_USAGE =
      Set.of(DiagnosticCode.OUTPUT_NOT_WRITABLE, DiagnosticCode.CONTEXT_TOO_LARGE);

  /** What is found in plans that were read: errors name an entry, and not the file around it. */
  private static final Set<Reason> ABOUT_ENTRIES =
      Set.of(Reason.MALFORMED, Reason.WRONG_TARGET, Reason.MISSING_FEATURE, Reason.UNSAFE_KERNEL);

  private final Console console;
  private final Map<String, String> environment;

  /**
   * @param environment variables that stand for options
   */
  Failures(Console console, Map<String, String> environment) {
    this.console = console;
    this.environment = Map.copyOf(environment);
  }

  /** Reports a command line that cannot be understood. */
  int usage(ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    String name = command.getCommandSpec().qualifiedName(" ");
    String code = CommandException.Kind.USAGE.code();
    console.err().println("%s: error[%s]: %s".formatted(name, code, failure.getMessage()));
    variable(failure, arguments)
        .ifPresent(
            variable ->
                console
                    .err()
                    .println("note: the value comes from the environment variable " + variable));
    if (failure instanceof UnmatchedArgumentException) {
      UnmatchedArgumentException.printSuggestions(failure, console.err());
    } else if (!command.getUnmatchedArguments().isEmpty()) {
      // What is missing may be there, misspelt.
      ParameterException unmatched =
          new UnmatchedArgumentException(command, command.getUnmatchedArguments());
      console.err().println(unmatched.getMessage());
      UnmatchedArgumentException.printSuggestions(unmatched, console.err());
    }
    console.err().println("see '%s --help'".formatted(name));
    return ExitCodes.USAGE;
  }

  /** {@return the variable that an option's bad value came from, if it was one} */
  private Optional<String> variable(ParameterException failure, String[] arguments) {
    if (!(failure.getArgSpec() instanceof OptionSpec option)) {
      return Optional.empty();
    }
    boolean typed =
        Arrays.stream(arguments)
            .anyMatch(
                argument ->
                    Arrays.stream(option.names())
                        .anyMatch(
                            name -> argument.equals(name) || argument.startsWith(name + "=")));
    String variable = EnvironmentDefaults.variable(option);
    return typed || environment.getOrDefault(variable, "").isEmpty()
        ? Optional.empty()
        : Optional.of(variable);
  }

  /** Reports what a verb threw. */
  int execution(Exception failure, CommandLine command, ParseResult parsed) {
    OptionSpec option = command.getCommandSpec().findOption(STACKTRACE);
    boolean stacktrace = option != null && Boolean.TRUE.equals(option.getValue());
    return report(message(failure, command), status(failure), failure, stacktrace);
  }

  /** Reports what no verb catches: memory that ran out, or a bug. */
  int error(Error failure, boolean stacktrace) {
    if (failure instanceof OutOfMemoryError) {
      String message =
          "kvasir: error[%s]: Java's memory is used up (%s); raise it with KVASIR_JVM_OPTIONS=-Xmx..."
              .formatted(ErrorCode.OUT_OF_MEMORY.text(), failure.getMessage());
      return report(message, ExitCodes.UNAVAILABLE, failure, stacktrace);
    }
    return report(INTERNAL + failure, ExitCodes.INTERNAL, failure, stacktrace);
  }

  private int report(String message, int status, Throwable failure, boolean stacktrace) {
    console.err().println(message);
    if (status == ExitCodes.INTERNAL) {
      console.err().println("this is a bug in Kvasir; run again with " + STACKTRACE);
    }
    if (stacktrace) {
      failure.printStackTrace(console.err());
    }
    return status;
  }

  private static String message(Exception failure, CommandLine command) {
    return message(failure, command.getCommand() instanceof Placed placed ? placed.place() : "");
  }

  /**
   * {@return what went wrong, where, with its code and a way out}
   *
   * @param place what errors that name no place of their own are about; may be empty
   */
  static String message(Exception failure, String place) {
    return switch (failure) {
      case CompileException mistake -> String.valueOf(mistake.getMessage());
      case CommandException mistake -> String.valueOf(mistake.getMessage());
      case PlanException mistake -> planMessage(mistake, place);
      case KvasirException mistake -> (place.isEmpty() ? "" : place + ": ") + mistake.getMessage();
      case ModelFilesException mistake ->
          modelMessage(mistake.place().toString(), code(mistake), mistake.problem());
      case SafetensorsException mistake ->
          modelMessage(mistake.place(), code(mistake), mistake.problem());
      case IOException mistake -> modelMessage(place, code(mistake), readable(mistake));
      default -> INTERNAL + failure;
    };
  }

  private static String planMessage(PlanException failure, String file) {
    String problem =
        failure.reason() == Reason.CANNOT_READ && failure.getCause() instanceof IOException cause
            ? readable(cause)
            : failure.problem();
    boolean entryAlone =
        ABOUT_ENTRIES.contains(failure.reason()) && !failure.place().startsWith(file);
    String place = entryAlone ? file + ": " + failure.place() : failure.place();
    return String.valueOf(new PlanException(failure.reason(), place, problem).getMessage());
  }

  private static String modelMessage(String place, String code, String problem) {
    return "%serror[%s]: %s; name the folder of the plan's model with --model"
        .formatted(place.isEmpty() ? "" : place + ": ", code, problem);
  }

  /**
   * {@return what the file system said, without the names of Java's classes where they are known}
   */
  static String readable(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "there is no such file";
      case AccessDeniedException _ -> "there is no permission to read it";
      case IOException other when String.valueOf(other.getMessage()).equals("Is a directory") ->
          "expected a file, got a folder";
      default -> "the file system refused: " + failure;
    };
  }

  /** {@return the stable code; empty for internal errors} */
  static String code(Exception failure) {
    return switch (failure) {
      case CompileException mistake -> mistake.diagnostics().getFirst().code().code();
      case CommandException mistake -> mistake.kind().code();
      case PlanException mistake -> mistake.code();
      case KvasirException mistake -> mistake.code().text();
      case ModelFilesException mistake -> modelCode(mistake).code();
      case SafetensorsException _ -> DiagnosticCode.SAFETENSORS_HEADER_INVALID.code();
      case IOException _ -> DiagnosticCode.MODEL_UNREADABLE.code();
      default -> "";
    };
  }

  private static DiagnosticCode modelCode(ModelFilesException failure) {
    if (failure.reason() == ModelFilesException.Reason.NO_CONFIG) {
      return DiagnosticCode.CONFIG_MISSING;
    }
    return failure.reason() == ModelFilesException.Reason.NO_WEIGHTS
        ? DiagnosticCode.WEIGHTS_MISSING
        : DiagnosticCode.MODEL_UNREADABLE;
  }

  /** {@return the exit status of the command} */
  static int status(Exception failure) {
    return switch (failure) {
      case CompileException mistake -> status(mistake);
      case CommandException mistake -> mistake.kind().exitStatus();
      case PlanException mistake -> status(mistake);
      case KvasirException mistake -> status(mistake.code());
      case IOException _ -> ExitCodes.INVALID;
      default -> ExitCodes.INTERNAL;
    };
  }

  private static int status(CompileException failure) {
    boolean usage =
        failure.diagnostics().stream()
            .filter(diagnostic -> diagnostic.severity() == Severity.ERROR)
            .allMatch(diagnostic -> MISTAKES_OF_USAGE.contains(diagnostic.code()));
    return usage ? ExitCodes.USAGE : ExitCodes.INVALID;
  }

  private static int status(PlanException failure) {
    return switch (failure.reason()) {
      case NOT_A_PLAN, CORRUPT, TOO_LARGE, MALFORMED, UNSAFE_KERNEL, CANNOT_READ ->
          ExitCodes.INVALID;
      case TOO_OLD, TOO_NEW, WRONG_MODEL, WRONG_TARGET, MISSING_FEATURE -> ExitCodes.INCOMPATIBLE;
      case CANNOT_WRITE -> ExitCodes.USAGE;
    };
  }

  private static int status(ErrorCode code) {
    return code.category().exitStatus();
  }
}
