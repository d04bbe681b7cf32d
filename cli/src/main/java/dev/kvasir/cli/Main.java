package dev.kvasir.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** Entry point of the {@code kvasir} command. */
public final class Main {

  private Main() {}

  /** Runs a command line and ends the process with its exit status. */
  public static void main(String[] arguments) {
    Console console =
        new Console(
            writer(FileDescriptor.out),
            writer(FileDescriptor.err),
            Terminal.onStandardOut(),
            Terminal.onStandardError());
    int status = run(arguments, console, System.getenv());
    console.out().flush();
    console.err().flush();
    System.exit(status);
  }

  /**
   * Runs a command line in this process, as on no terminal.
   *
   * @param out gets results
   * @param err gets progress, logs and errors
   * @return the exit status
   */
  public static int run(String[] arguments, PrintWriter out, PrintWriter err) {
    return run(arguments, new Console(out, err, false, false), Map.of());
  }

  /** As the public method, with variables of the environment that stand for options. */
  static int run(String[] arguments, Console console, Map<String, String> environment) {
    int status;
    try {
      status = commandLine(console, environment).execute(arguments);
    } catch (Error failure) {
      boolean stacktrace = List.of(arguments).contains(Failures.STACKTRACE);
      status = new Failures(console).error(failure, stacktrace);
    }
    console.out().flush();
    console.err().flush();
    return status;
  }

  /** {@return the command with all its verbs} */
  static CommandLine commandLine(Console console, Map<String, String> environment) {
    CommandLine policy = new CommandLine(new PolicyCommand());
    policy.addSubcommand(new PolicyCheckCommand(console));
    CommandLine command = new CommandLine(new KvasirCommand());
    command.addSubcommand(new DemoCommand(console));
    command.addSubcommand(new CompileCommand(console));
    command.addSubcommand(new RunCommand(console));
    command.addSubcommand(new InspectCommand(console));
    command.addSubcommand(new TraceCommand(console));
    command.addSubcommand(new DevicesCommand(console));
    command.addSubcommand(policy);
    Failures failures = new Failures(console);
    command.setOut(console.out());
    command.setErr(console.err());
    command.setDefaultValueProvider(new EnvironmentDefaults(environment));
    command.setUsageHelpWidth(100);
    command.setUsageHelpLongOptionsMaxWidth(34);
    command.setParameterExceptionHandler(failures::usage);
    command.setExecutionExceptionHandler(failures::execution);
    describe(command);
    return command;
  }

  private static void describe(CommandLine command) {
    command.getCommandSpec().versionProvider(new VersionProvider());
    command
        .getCommandSpec()
        .usageMessage()
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(ExitCodes.descriptions())
        .footer(
            "",
            "An option that is absent is taken from the environment: --max-context from"
                + " KVASIR_MAX_CONTEXT.");
    command.getSubcommands().values().forEach(Main::describe);
  }

  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(
        new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8));
  }
}
