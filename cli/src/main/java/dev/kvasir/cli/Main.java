package dev.kvasir.cli;

import dev.kvasir.cli.tornado.ThisJvm;
import dev.kvasir.cli.tornado.TornadoLauncher;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.TypeConversionException;

/** Entry point of the {@code kvasir} command. */
public final class Main {

  private Main() {}

  /** Runs a command line and ends the process with its exit status. */
  public static void main(String[] arguments) {
    ThisJvm jvm = ThisJvm.current(true);
    boolean outIsTerminal = Terminal.onStandardOut();
    OutputStream out =
        jvm.tornado() ? ResultStream.take() : new FileOutputStream(FileDescriptor.out);
    Console console =
        new Console(
            writer(out),
            writer(new FileOutputStream(FileDescriptor.err)),
            outIsTerminal,
            Terminal.onStandardError());
    int status = run(arguments, console, System.getenv(), jvm);
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
    return run(arguments, console, environment, ThisJvm.current(false));
  }

  private static int run(
      String[] arguments, Console console, Map<String, String> environment, ThisJvm jvm) {
    int status;
    try {
      TornadoLauncher launcher = new TornadoLauncher(jvm, environment);
      CommandLine command = commandLine(console, environment, launcher, arguments);
      command.setExecutionStrategy(new TornadoStrategy(launcher, arguments));
      status = command.execute(arguments);
    } catch (Error failure) {
      boolean stacktrace = List.of(arguments).contains(Failures.STACKTRACE);
      status = new Failures(console, environment).error(failure, stacktrace);
    }
    console.out().flush();
    console.err().flush();
    return status;
  }

  /** {@return the command with all its verbs} */
  static CommandLine commandLine(
      Console console,
      Map<String, String> environment,
      TornadoLauncher launcher,
      String... arguments) {
    CommandLine policy = new CommandLine(new PolicyCommand());
    policy.addSubcommand(new PolicyCheckCommand(console));
    CommandLine calibrate = new CommandLine(new CalibrateCommand());
    calibrate.addSubcommand(new CalibrateHeadsCommand(console));
    calibrate.addSubcommand(new CalibrateConvCommand(console));
    CommandLine command = new CommandLine(new KvasirCommand());
    command.addSubcommand(new DemoCommand(console));
    command.addSubcommand(new CompileCommand(console, launcher));
    command.addSubcommand(new RunCommand(console));
    command.addSubcommand(new InspectCommand(console, launcher));
    command.addSubcommand(new ExplainCommand(console));
    command.addSubcommand(new TraceCommand(console));
    command.addSubcommand(new BenchCommand(console));
    command.addSubcommand(new EvalCommand(console));
    command.addSubcommand(new DevicesCommand(console, launcher));
    command.addSubcommand(calibrate);
    command.addSubcommand(policy);
    command.addSubcommand(new CompletionCommand(console));
    Failures failures = new Failures(console, environment);
    command.setOut(console.out());
    command.setErr(console.err());
    command.setDefaultValueProvider(new EnvironmentDefaults(environment, arguments));
    command.setColorScheme(Help.defaultColorScheme(colours(console, environment)));
    command.setUsageHelpWidth(100);
    command.setUsageHelpLongOptionsMaxWidth(34);
    command.setParameterExceptionHandler(failures::usage);
    command.setExecutionExceptionHandler(failures::execution);
    command.registerConverter(double.class, Main::number);
    command.registerConverter(Double.class, Main::number);
    command.registerConverter(long.class, Main::wholeNumber);
    command.registerConverter(boolean.class, Main::flag);
    describe(command);
    return command;
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("expected a number, got '%s'".formatted(text));
    }
  }

  private static long wholeNumber(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("expected a whole number, got '%s'".formatted(text));
    }
  }

  private static boolean flag(String text) {
    if (text.equals("true") || text.equals("false")) {
      return Boolean.parseBoolean(text);
    }
    throw new TypeConversionException("expected true or false, got '%s'".formatted(text));
  }

  /** Help is coloured on a terminal unless NO_COLOR says otherwise (https://no-color.org). */
  private static Help.Ansi colours(Console console, Map<String, String> environment) {
    boolean refused = !environment.getOrDefault("NO_COLOR", "").isEmpty();
    return console.outIsTerminal() && !refused ? Help.Ansi.ON : Help.Ansi.OFF;
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
                + " KVASIR_MAX_CONTEXT, --json from KVASIR_JSON=true. NO_COLOR is honoured.");
    command.getSubcommands().values().forEach(Main::describe);
  }

  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
  }
}
