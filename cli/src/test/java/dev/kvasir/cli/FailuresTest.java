package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What becomes of an exception that a verb throws. */
final class FailuresTest {

  /** A verb that fails as it is told to. */
  @Command(name = "fail")
  static final class FailingVerb implements Callable<Integer>, Failures.Placed {
    private final Exception failure;

    @Mixin final CommonOptions common = new CommonOptions();

    FailingVerb(Exception failure) {
      this.failure = failure;
    }

    @Override
    public String place() {
      return "chat.kvplan";
    }

    @Override
    public Integer call() throws Exception {
      throw failure;
    }
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(
            new PlanException(Reason.TOO_NEW, "a.kvplan", "expected format 1, got 2"),
            4,
            "a.kvplan: error[KV6004]: expected format 1, got 2; run it with the version of Kvasir"
                + " that compiled it, or compile it again"),
        Arguments.of(
            new PlanException(Reason.NOT_A_PLAN, "a.kvplan", "expected a zip file"),
            3,
            "a.kvplan: error[KV6001]: expected a zip file; name a file that `kvasir compile`"
                + " wrote"),
        Arguments.of(
            new PlanException(Reason.MISSING_FEATURE, "manifest.json", "the plan needs telepathy"),
            4,
            "chat.kvplan: manifest.json: error[KV6011]: the plan needs telepathy; run it with a"
                + " newer version of Kvasir"),
        Arguments.of(
            new PlanException(
                Reason.CANNOT_READ, "a.kvplan", "refused", new NoSuchFileException("a.kvplan")),
            3,
            "a.kvplan: error[KV6007]: there is no such file; check the path and its permissions"),
        Arguments.of(
            new KvasirException(ErrorCode.OUT_OF_MEMORY, "KV cache needs 3.1 GiB of 2.0 GiB"),
            5,
            "chat.kvplan: error[KV7201]: KV cache needs 3.1 GiB of 2.0 GiB"),
        Arguments.of(
            new KvasirException(ErrorCode.CHECK_FAILED, "kernel fails its check"),
            6,
            "chat.kvplan: error[KV7101]: kernel fails its check"),
        Arguments.of(
            new KvasirException(ErrorCode.CANCELLED, "cancelled"),
            130,
            "chat.kvplan: error[KV7401]: cancelled"),
        Arguments.of(
            new CompilerBug("two passes are named build"),
            1,
            "internal error: dev.kvasir.ir.diag.CompilerBug: two passes are named build"
                + "this is a bug in Kvasir; run again with --stacktrace"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void eachHasItsExitStatusAndMessage(Exception failure, int status, String message) {
    CommandRun run = fail(failure);

    assertThat(run.err()).isEqualToIgnoringNewLines(message);
    assertThat(run.status()).isEqualTo(status);
  }

  @Test
  void theStackTraceIsShownOnRequest() {
    assertThat(fail(new IllegalStateException("odd"), "--stacktrace").err())
        .contains("internal error: java.lang.IllegalStateException: odd")
        .contains("at dev.kvasir.cli.FailuresTest");
  }

  @Test
  void usedUpMemoryIsNoBug() {
    StringWriter err = new StringWriter();

    int status =
        new Failures(console(err), Map.of()).error(new OutOfMemoryError("Java heap space"), false);

    assertThat(status).isEqualTo(5);
    assertThat(err.toString()).contains("error[KV7201]", "Java heap space", "KVASIR_JVM_OPTIONS");
  }

  private static CommandRun fail(Exception failure, String... arguments) {
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(new FailingVerb(failure))
            .setExecutionExceptionHandler(new Failures(console(err), Map.of())::execution)
            .execute(arguments);
    return new CommandRun(status, "", err.toString());
  }

  private static Console console(StringWriter err) {
    return new Console(
        new PrintWriter(StringWriter.nullWriter()), new PrintWriter(err, true), false, false);
  }
}
