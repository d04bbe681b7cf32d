package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.cli.tornado.ThisJvm;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.tile.TileSize;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Command lines that cannot be understood, help, and the environment. */
final class UsageTest {

  static Stream<Arguments> misunderstood() {
    return Stream.of(
        mistake(
            List.of(), "kvasir: error[KV8001]: Missing required subcommand", "see 'kvasir --help'"),
        mistake(
            List.of("compil"),
            "kvasir: error[KV8001]: Unmatched argument at index 0: 'compil'",
            "Did you mean: kvasir compile or kvasir completion?",
            "see 'kvasir --help'"),
        mistake(
            List.of("devices", "--jsn"),
            "kvasir devices: error[KV8001]: Unknown option: '--jsn'",
            "Possible solutions: --json",
            "see 'kvasir devices --help'"),
        mistake(
            List.of("compile", "model", "--polcy=full"),
            "kvasir compile: error[KV8001]: Missing required option: '--policy=POLICY'",
            "Unknown option: '--polcy=full'",
            "Possible solutions: --policy",
            "see 'kvasir compile --help'"),
        mistake(
            List.of("compile", "model", "--policy=full", "--target=metal"),
            "kvasir compile: error[KV8001]: Invalid value for option '--target': expected one of"
                + " jvm, tornado, got 'metal'",
            "see 'kvasir compile --help'"),
        mistake(
            List.of("compile", "model", "--policy=full", "--span=0"),
            "kvasir compile: error[KV8001]: Invalid value for option '--span': expected a whole"
                + " number from 1 to 2147483647, got '0'",
            "see 'kvasir compile --help'"),
        mistake(
            List.of("compile", "model", "--policy=full", "--tile=rows-per-splt=64"),
            "kvasir compile: error[KV8001]: Invalid value for option '--tile' (NAME=N): no size is"
                + " named 'rows-per-splt' (did you mean rows-per-split?); the sizes are "
                + Arrays.stream(TileSize.values())
                    .map(size -> "%s (%s)".formatted(size.text(), size.range()))
                    .collect(Collectors.joining(", ")),
            "see 'kvasir compile --help'"),
        mistake(
            List.of(
                "compile", "model", "--policy=full", "--tile=rows-per-split=64,prefill-tokens=3"),
            "kvasir compile: error[KV8001]: Invalid value for option '--tile' (NAME=N):"
                + " prefill-tokens, prompt rows of a work item of prefill attention, must be a"
                + " power of two from 1 to 64, got '3'",
            "see 'kvasir compile --help'"),
        mistake(
            List.of("compile", "model", "--policy=full", "--tile=rows-per-split"),
            "kvasir compile: error[KV8001]: Invalid value for option '--tile' (NAME=N): expected"
                + " rows-per-split=N, with a multiple of 64 from 64 to 1048576 for N, got"
                + " 'rows-per-split'",
            "see 'kvasir compile --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p", "a", "--vector-bits=64"),
            "kvasir run: error[KV8001]: Invalid value for option '--vector-bits': expected one of"
                + " 128, 256, 512, got '64'",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan"),
            "kvasir run: error[KV8001]: Missing prompt: give one with -p TEXT, --prompt-file FILE"
                + " or --prompt-ids IDS",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p", "a", "--prompt-file", "b"),
            "kvasir run: error[KV8001]: Several prompts: give one of -p TEXT, --prompt-file FILE"
                + " and --prompt-ids IDS",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "--prompt-ids=1,x"),
            "kvasir run: error[KV8001]: Invalid value for option '--prompt-ids': expected token ids"
                + " from 0 with commas between them, got '1,x'",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p="),
            "kvasir run: error[KV8001]: Empty prompt: --prompt must have at least one character",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p", "a", "--top-p", "1.5"),
            "kvasir run: error[KV8001]: top-p must be over 0 and at most 1, got 1.5",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p", "a", "--temperature", "hot"),
            "kvasir run: error[KV8001]: Invalid value for option '--temperature': expected a"
                + " number, got 'hot'",
            "see 'kvasir run --help'"),
        mistake(
            List.of("compile", "model", "--policy=full", "--stop-after=stor-kv"),
            "kvasir compile: error[KV8001]: Invalid value for option '--stop-after': no pass is"
                + " named 'stor-kv' (did you mean store-kv?); the passes are "
                + String.join(", ", Compiler.passNames()),
            "see 'kvasir compile --help'"),
        mistake(
            List.of("inspect", "x.kvplan", "--check", "--ir"),
            "kvasir inspect: error[KV8001]: --check goes alone: without --memory, --program,"
                + " --kernels, --kernel and --ir",
            "see 'kvasir inspect --help'"),
        mistake(
            List.of("completion", "fish"),
            "kvasir completion: error[KV8001]: Invalid value for positional parameter at index 0"
                + " (SHELL): expected one of bash, zsh, got 'fish'",
            "see 'kvasir completion --help'"),
        mistake(
            List.of("trace", "x.kvplan", "-p", "a"),
            "kvasir trace: error[KV8001]: Missing required option: '--output=FILE'",
            "see 'kvasir trace --help'"),
        mistake(
            List.of("bench"),
            "kvasir bench: error[KV8001]: Missing required parameter: 'PLAN'",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "--depth=512,0"),
            "kvasir bench: error[KV8001]: Invalid value for option '--depth': expected whole"
                + " numbers from 1 with commas between them, got '512,0'",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "--depth=deep"),
            "kvasir bench: error[KV8001]: Invalid value for option '--depth': expected whole"
                + " numbers from 1 with commas between them, got 'deep'",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "-o", "xml"),
            "kvasir bench: error[KV8001]: Invalid value for option '--format': expected one of md,"
                + " csv, json, got 'xml'",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "-o", "csv", "--json"),
            "kvasir bench: error[KV8001]: Several formats: give one of --json and -o csv",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "--warm-up=-1"),
            "kvasir bench: error[KV8001]: --warm-up must be at least 0 seconds, got -1.0",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("bench", "x.kvplan", "--repeats=0"),
            "kvasir bench: error[KV8001]: Invalid value for option '--repeats': expected a whole"
                + " number from 1 to 2147483647, got '0'",
            "see 'kvasir bench --help'"),
        mistake(
            List.of("policy"),
            "kvasir policy: error[KV8001]: Missing required subcommand",
            "see 'kvasir policy --help'"));
  }

  private static Arguments mistake(List<String> arguments, String... lines) {
    return Arguments.of(arguments, String.join(System.lineSeparator(), lines));
  }

  @ParameterizedTest
  @MethodSource("misunderstood")
  void aMisunderstoodCommandLineSaysWhatToDo(List<String> arguments, String message) {
    CommandRun run = CommandRun.of(arguments.toArray());

    assertThat(run.err().stripTrailing()).isEqualTo(message);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "compile",
        "run",
        "inspect",
        "explain",
        "trace",
        "bench",
        "devices",
        "policy",
        "policy check",
        "completion"
      })
  void everyVerbHasHelpWithExitCodesAndJson(String verb) {
    String[] words = (verb + " --help").split(" ");

    CommandRun run = CommandRun.of((Object[]) words);

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("Usage: kvasir " + verb)
        .contains("Exit codes:", "invalid model, policy or plan", "verification failed", "130")
        .contains("KVASIR_MAX_CONTEXT");
    if (!verb.equals("policy")) {
      assertThat(run.out()).contains("--json");
    }
  }

  @Test
  void allowedValuesAreInHelp() {
    assertThat(CommandRun.of("compile", "--help").out())
        .contains("jvm, tornado. Default: jvm")
        .contains(ShippedPolicies.NAMES);
    assertThat(CommandRun.of("explain", "--help").out()).contains(ShippedPolicies.NAMES);
    assertThat(CommandRun.of("compile", "--help").out()).contains(Compiler.passNames());
    assertThat(CommandRun.of("run", "--help").out()).contains("128, 256, 512");
    assertThat(CommandRun.of("bench", "--help").out()).contains("md, csv, json. Default: md");
    assertThat(CommandRun.of("completion", "--help").out()).contains("bash, zsh");
  }

  @Test
  void theVersionNamesThePlanFormat() {
    assertThat(CommandRun.of("--version").out()).startsWith("kvasir ").contains("plan format 1.");
    assertThat(CommandRun.of("run", "--version").out()).startsWith("kvasir ");
  }

  static Stream<Arguments> options() {
    Console console = new Console(nowhere(), nowhere(), false, false);
    TornadoLauncher launcher = new TornadoLauncher(ThisJvm.current(false), Map.of());
    return verbs(Main.commandLine(console, Map.of(), launcher))
        .flatMap(
            verb ->
                verb.getCommandSpec().options().stream()
                    .filter(option -> !option.usageHelp() && !option.versionHelp())
                    .map(option -> Arguments.of(verb.getCommandSpec().qualifiedName(), option)));
  }

  private static Stream<CommandLine> verbs(CommandLine command) {
    return Stream.concat(
        Stream.of(command), command.getSubcommands().values().stream().flatMap(UsageTest::verbs));
  }

  /** The default of an option is what its variable says, at every verb. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("options")
  void everyOptionHasItsVariable(String verb, OptionSpec option) {
    String variable = EnvironmentDefaults.variable(option);

    assertThat(variable).matches("KVASIR_[A-Z][A-Z_]+");
    assertThat(new EnvironmentDefaults(Map.of(variable, "some")).defaultValue(option))
        .isEqualTo("some");
    assertThat(option.command().defaultValueProvider()).isInstanceOf(EnvironmentDefaults.class);
    assertThat(verb).startsWith("kvasir");
  }

  @Test
  void aBadValueFromTheEnvironmentSaysSo() {
    Map<String, String> environment = Map.of("KVASIR_SPAN", "none");

    CommandRun variable = CommandRun.of(environment, "compile", "model", "--policy=full");
    CommandRun typed = CommandRun.of(environment, "compile", "model", "--policy=full", "--span=0");

    assertThat(variable.err())
        .contains("got 'none'")
        .contains("note: the value comes from the environment variable KVASIR_SPAN");
    assertThat(typed.err()).contains("got '0'").doesNotContain("environment variable");
  }

  @Test
  void aFlagOnTheCommandLineAgreesWithItsVariable() {
    assertThat(CommandRun.of(Map.of("KVASIR_JSON", "true"), "devices", "--json").out())
        .startsWith("{");
    assertThat(CommandRun.of(Map.of("KVASIR_JSON", "false"), "devices", "--json").out())
        .startsWith("{");
    assertThat(CommandRun.of(Map.of("KVASIR_JSON", "yes"), "devices").err())
        .contains("expected true or false, got 'yes'", "KVASIR_JSON");
  }

  @Test
  void helpIsColouredOnATerminalAlone() {
    assertThat(help(true, Map.of())).contains("\u001b[");
    assertThat(help(true, Map.of("NO_COLOR", "1"))).doesNotContain("\u001b[");
    assertThat(help(false, Map.of())).doesNotContain("\u001b[");
  }

  private static String help(boolean terminal, Map<String, String> environment) {
    StringWriter out = new StringWriter();
    Console console = new Console(new PrintWriter(out), nowhere(), terminal, terminal);
    Main.run(new String[] {"compile", "--help"}, console, environment);
    return out.toString();
  }

  @Test
  void anAbsentOptionIsTakenFromTheEnvironment() {
    CommandRun run = CommandRun.of(Map.of("KVASIR_JSON", "true"), "devices");

    assertThat(run.out()).startsWith("{");
  }

  @Test
  void anOptionOnTheCommandLineWinsOverTheEnvironment() {
    Map<String, String> environment =
        Map.of("KVASIR_TARGET", "metal", "KVASIR_PROMPT_FILE", "nowhere.txt");

    CommandRun target =
        CommandRun.of(environment, "compile", "nowhere", "--policy=full", "--target=tornado");
    CommandRun prompt = CommandRun.of(environment, "run", "nowhere.kvplan", "-p", "text");

    assertThat(target.err()).startsWith("nowhere: error[KV3013]: ");
    assertThat(target.status()).isEqualTo(3);
    assertThat(prompt.err()).startsWith("nowhere.kvplan: error[KV6007]: ");
    assertThat(prompt.status()).isEqualTo(3);
  }

  @Test
  void anEmptyVariableCountsAsAbsent() {
    CommandRun run = CommandRun.of(Map.of("KVASIR_JSON", ""), "devices");

    assertThat(run.out()).startsWith("jvm ");
  }

  @Test
  void devicesSayWhatThereIsAndWhyNotMore() {
    CommandRun run = CommandRun.of(CommandRun.NO_SDK, "devices");

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .containsPattern("jvm      \\d+ threads?, (128|256|512)-bit vectors, [0-9.,]+ [KMGT]iB")
        .contains("tornado  not available: there is no TornadoVM SDK: TORNADOVM_HOME names ");

    JsonNode devices = Json.parse(CommandRun.of("devices", "--json").out()).get("devices");
    assertThat(devices.get(0).get("id").textValue()).isEqualTo("jvm");
    assertThat(devices.get(0).get("available").booleanValue()).isTrue();
    assertThat(devices.get(1).get("available").booleanValue()).isFalse();
    assertThat(devices.get(1).get("reason").textValue()).contains("sdk install tornadovm");
  }

  private static PrintWriter nowhere() {
    return new PrintWriter(Writer.nullWriter());
  }
}
