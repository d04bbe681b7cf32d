package dev.kvasir.cli.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A process in another one's place. */
final class ChildProcessTest {
  private static final Path SHELL = Path.of("/bin/sh");
  private static final int SECONDS = 30;

  /** What the processes of this test run. */
  static final class Parent {
    private Parent() {}

    /** Runs the arguments as a command. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
      System.exit(ChildProcess.run(List.of(arguments)));
    }
  }

  @BeforeEach
  void requireShell() {
    assumeTrue(Files.isExecutable(SHELL), "there is no shell here");
  }

  @Test
  void inputOutputAndStatusArePassedOn() throws Exception {
    Process process = parent("read line; echo \"out $line\"; echo \"err $line\" >&2; exit 42");
    try (OutputStream in = process.getOutputStream()) {
      in.write("hello\n".getBytes(StandardCharsets.UTF_8));
    }

    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(42);
    assertThat(out).isEqualTo("out hello\n");
    assertThat(err).isEqualTo("err hello\n");
  }

  /** The end of output comes when the last process with it has ended. */
  @Test
  void whoIsAskedToEndTakesTheOtherAlongAndWaits() throws Exception {
    Process process =
        parent(
            "trap 'echo ending; exit 0' TERM; echo ready; sleep 10 >/dev/null & wait; echo late");
    try (var out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).isEqualTo("ready");
      // Unlike the process, its handle leaves the streams open.
      process.toHandle().destroy();

      assertThat(out.readLine()).isEqualTo("ending");
      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process parent(String script) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.add("-cp");
    command.add(System.getProperty("java.class.path", ""));
    command.add(Parent.class.getName());
    command.addAll(List.of(SHELL.toString(), "-c", script));
    return new ProcessBuilder(command).start();
  }
}
