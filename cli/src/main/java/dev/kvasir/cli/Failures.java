package dev.kvasir.cli;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Severity;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.io.IOException;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what a verb throws into lines on stderr and an exit status. */
final class Failures {

  /** A verb whose errors are about one file. */
  interface Placed {
    /** {@return what errors that name no place of their own are about} */
    String place();
  }

  /** The option that shows where an error arose. */
  static final String STACKTRACE = "--stacktrace";

  private static final String INTERNAL = "internal error: ";

  private static final Set<DiagnosticCode> MISTAKES_OF_USAGE =
      Set.of(DiagnosticCode.OUTPUT_NOT_WRITABLE, DiagnosticCode.CONTEXT_TOO_LARGE);

  private final Console console;

  Failures(Console console) {
    this.console = console;
  }

  /** Reports a command line that cannot be understood. */
  int usage(ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    String name = command.getCommandSpec().qualifiedName(" ");
    String code = CommandException.Kind.USAGE.code();
    console.err().println("%s: error[%s]: %s".formatted(name, code, failure.getMessage()));
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
    return switch (failure) {
      case CompileException mistake -> String.valueOf(mistake.getMessage());
      case CommandException mistake -> String.valueOf(mistake.getMessage());
      case PlanException mistake -> String.valueOf(mistake.getMessage());
      case KvasirException mistake ->
          command.getCommand() instanceof Placed placed
              ? placed.place() + ": " + mistake.getMessage()
              : String.valueOf(mistake.getMessage());
      case ModelFilesException mistake -> modelMessage(DiagnosticCode.MODEL_UNREADABLE, mistake);
      case SafetensorsException mistake ->
          modelMessage(DiagnosticCode.SAFETENSORS_HEADER_INVALID, mistake);
      case IOException mistake -> modelMessage(DiagnosticCode.MODEL_UNREADABLE, mistake);
      default -> INTERNAL + failure;
    };
  }

  private static String modelMessage(DiagnosticCode code, IOException failure) {
    return "error[%s]: %s; name the folder of the plan's model with --model"
        .formatted(code.code(), failure.getMessage());
  }

  private static int status(Exception failure) {
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
      case NOT_A_PLAN, CORRUPT, TOO_LARGE, MALFORMED, CANNOT_READ -> ExitCodes.INVALID;
      case TOO_OLD, TOO_NEW, WRONG_MODEL, WRONG_TARGET, MISSING_FEATURE -> ExitCodes.INCOMPATIBLE;
      case CANNOT_WRITE -> ExitCodes.USAGE;
    };
  }

  private static int status(ErrorCode code) {
    return code.category().exitStatus();
  }
}
