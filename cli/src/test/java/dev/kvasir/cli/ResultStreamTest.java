package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Results and what others say, told apart in a process of its own. */
final class ResultStreamTest {
  private static final int SECONDS = 60;

  // More than a pipe holds.
  private static final int LINES = 20_000;

  @TempDir private Path folder;

  /** The process: it says something before and after its results. */
  static final class Program {
    private Program() {}

    /** Writes. */
    public static void main(String[] arguments) throws IOException {
      OutputStream results = ResultStream.take();
      System.out.println("from elsewhere");
      results.write("result\n".repeat(LINES).getBytes(StandardCharsets.UTF_8));
      System.out.println("and later");
      results.write('.');
      results.flush();
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no POSIX calls")
  void resultsAloneAreOnStandardOutput() throws Exception {
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path", ""),
                    Program.class.getName()))
            .redirectError(err.toFile())
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    assertThat(out).isEqualTo("result\n".repeat(LINES) + ".");
    assertThat(Files.readAllLines(err)).containsSubsequence("from elsewhere", "and later");
  }
}
