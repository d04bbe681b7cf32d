package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C, in processes of their own. */
final class InterruptionTest {
  private static final int SIGINT = 2;
  private static final int SECONDS = 30;
  private static final int SEEN = 4;

  @TempDir private Path folder;

  @Test
  void aGenerationEndsInOrder() throws Exception {
    Path plan = folder.resolve("full.kvplan");
    CommandRun compiled = CommandRun.of("compile", CommandRun.SAMPLE, "--policy=full", "-o", plan);
    assertThat(compiled.status()).as(compiled.err()).isZero();
    Process process = start("run", plan, "-p", "And", "-n", 2000);
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
      String before = read(out, SEEN);
      interrupt(process);
      String after = out.readAllAsString();

      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      int tokens = before.length() + after.length();
      assertThat(err.readAllAsString()).contains("interrupted after %,d tokens".formatted(tokens));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aCompilationLeavesNothing() throws Exception {
    Process process =
        start("compile", CommandRun.SAMPLE, "--policy=full", "-o", folder.resolve("x.kvplan"));
    try {
      Thread.sleep(700);
      interrupt(process);

      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      assertThat(folder).isEmptyDirectory();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process start(Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path", ""));
    command.add(Main.class.getName());
    for (Object argument : arguments) {
      command.add(String.valueOf(argument));
    }
    return new ProcessBuilder(command).start();
  }

  private static void interrupt(Process process) throws IOException, InterruptedException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (Files.exists(status)) {
      BigInteger ignored =
          Files.readAllLines(status).stream()
              .filter(line -> line.startsWith("SigIgn:"))
              .map(line -> new BigInteger(line.substring(7).strip(), 16))
              .findAny()
              .orElse(BigInteger.ZERO);
      assumeFalse(ignored.testBit(SIGINT - 1), "this process was started with SIGINT ignored");
    }
    int sent =
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
            .inheritIO()
            .start()
            .waitFor();
    assertThat(sent).isZero();
  }

  private static String read(Reader reader, int count) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.length() < count) {
      int next = reader.read();
      assertThat(next).as("end of output after: %s", text).isNotNegative();
      text.append((char) next);
    }
    return text.toString();
  }
}
