package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The script of {@code completion}, asked by a real shell. */
final class CompletionTest {
  private static final Path BASH = Path.of("/bin/bash");

  // What bash does when a user presses the tab key behind the words.
  private static final String ASK =
      """
      source "$1"; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
      compopt() { :; }
      _complete_kvasir kvasir "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """;

  @TempDir private Path folder;

  static Stream<Arguments> questions() {
    return Stream.of(
        Arguments.of(List.of("kvasir", "ins"), List.of("inspect")),
        Arguments.of(List.of("kvasir", "comp"), List.of("compile", "completion")),
        Arguments.of(List.of("kvasir", "policy", "ch"), List.of("check")),
        Arguments.of(List.of("kvasir", "bench", "x", "-o", ""), List.of("md", "csv", "json")),
        Arguments.of(List.of("kvasir", "compile", "--target", ""), List.of("jvm", "tornado")),
        Arguments.of(List.of("kvasir", "run", "x", "--vector-bits", "5"), List.of("512")),
        Arguments.of(List.of("kvasir", "run", "x", "--dev"), List.of("--device")),
        Arguments.of(
            List.of("kvasir", "compile", "x", "--policy", "zigzag-sets"), List.of("zigzag-sets")),
        Arguments.of(List.of("kvasir", "compile", "--stop-after", "gr"), List.of("group-heads")),
        Arguments.of(List.of("kvasir", "run", "--prompt-i"), List.of("--prompt-ids")));
  }

  @ParameterizedTest
  @MethodSource("questions")
  void bashCompletes(List<String> words, List<String> expected) throws Exception {
    assumeTrue(Files.isExecutable(BASH), "there is no bash here");
    Path script = Files.writeString(folder.resolve("script"), CommandRun.of("completion").out());

    assertThat(ask(script, words)).containsAll(expected);
  }

  @Test
  void everyShellGetsItsScript() {
    CommandRun bash = CommandRun.of("completion", "bash");
    CommandRun zsh = CommandRun.of("completion", "zsh");
    CommandRun json = CommandRun.of("completion", "zsh", "--json");

    assertThat(bash.out()).startsWith("#!/usr/bin/env bash").contains("_complete_kvasir");
    assertThat(zsh.out()).startsWith("if ! whence compdef").endsWith(bash.out());
    assertThat(Json.parse(json.out()).get("shell").textValue()).isEqualTo("zsh");
    assertThat(Json.parse(json.out()).get("script").textValue()).isEqualTo(zsh.out());
  }

  private static List<String> ask(Path script, List<String> words)
      throws IOException, InterruptedException {
    List<String> command =
        Stream.concat(
                Stream.of(BASH.toString(), "-c", ASK, "ask", script.toString()), words.stream())
            .toList();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return out.lines().map(String::strip).toList();
  }
}
