package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Command lines that cannot be understood, help, and the environment. */
final class UsageTest {

  static Stream<Arguments> misunderstood() {
    return Stream.of(
        mistake(
            List.of(), "kvasir: error[KV8001]: Missing required subcommand", "see 'kvasir --help'"),
        mistake(
            List.of("compil"),
            "kvasir: error[KV8001]: Unmatched argument at index 0: 'compil'",
            "Did you mean: kvasir compile?",
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
            List.of("run", "x.kvplan", "-p", "a", "--vector-bits=64"),
            "kvasir run: error[KV8001]: Invalid value for option '--vector-bits': expected one of"
                + " 128, 256, 512, got '64'",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan"),
            "kvasir run: error[KV8001]: Missing prompt: give one with -p TEXT or --prompt-file"
                + " FILE",
            "see 'kvasir run --help'"),
        mistake(
            List.of("run", "x.kvplan", "-p", "a", "--prompt-file", "b"),
            "kvasir run: error[KV8001]: Two prompts: give either -p TEXT or --prompt-file FILE",
            "see 'kvasir run --help'"),
        mistake(
            List.of("trace", "x.kvplan", "-p", "a"),
            "kvasir trace: error[KV8001]: Missing required option: '--output=FILE'",
            "see 'kvasir trace --help'"),
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
      strings = {"demo", "compile", "run", "inspect", "trace", "devices", "policy", "policy check"})
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
    assertThat(CommandRun.of("run", "--help").out()).contains("128, 256, 512");
  }

  @Test
  void theVersionNamesThePlanFormat() {
    assertThat(CommandRun.of("--version").out()).startsWith("kvasir ").contains("plan format 1.");
    assertThat(CommandRun.of("run", "--version").out()).startsWith("kvasir ");
  }

  @Test
  void everyOptionHasItsVariable() {
    Console console = new Console(nowhere(), nowhere(), false, false);
    Map<String, CommandLine> verbs = Main.commandLine(console, Map.of()).getSubcommands();

    assertThat(
            verbs.values().stream()
                .flatMap(verb -> verb.getCommandSpec().options().stream())
                .map(EnvironmentDefaults::variable))
        .contains("KVASIR_POLICY", "KVASIR_MAX_CONTEXT", "KVASIR_OUTPUT", "KVASIR_JSON");
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

    assertThat(target.err())
        .isEqualToIgnoringNewLines(
            "--target tornado: error[KV8002]: this build has no TornadoVM back end; compile with"
                + " --target jvm");
    assertThat(target.status()).isEqualTo(5);
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
    CommandRun run = CommandRun.of("devices");

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .containsPattern("jvm      \\d+ threads?, (128|256|512)-bit vectors, [0-9.,]+ [KMGT]iB")
        .contains("tornado  not available: this build has no TornadoVM back end");
  }

  private static PrintWriter nowhere() {
    return new PrintWriter(Writer.nullWriter());
  }
}
