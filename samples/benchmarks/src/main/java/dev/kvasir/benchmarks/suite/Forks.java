package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.Sample;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs a case in a Java virtual machine of its own, by JMH. */
final class Forks {

  private Forks() {}

  /**
   * {@return one round of a case}
   *
   * @throws RunnerException when the fork fails, which it does where a result is wrong; the message
   *     is what the fork printed
   */
  static CaseResult.Round run(Case measured) throws RunnerException, IOException {
    Path samples = Files.createTempFile("kvasir", ".samples");
    Path log = Files.createTempFile("kvasir", ".log");
    try {
      List<String> arguments = new ArrayList<>();
      arguments.add("-D" + Sample.FILE_PROPERTY + "=" + samples);
      if (!measured.flags().isEmpty()) {
        arguments.addAll(List.of(measured.flags().split(" ")));
      }
      ChainedOptionsBuilder options =
          new OptionsBuilder()
              .include("^dev\\.kvasir\\.benchmarks\\." + measured.benchmark() + "\\.")
              .jvmArgs(arguments.toArray(String[]::new))
              .shouldFailOnError(true);
      measured.parameters().forEach(options::param);
      double before = Machine.load();
      runQuietly(options.build(), log);
      return new CaseResult.Round(Sample.read(samples), before, Machine.load());
    } finally {
      Files.delete(samples);
      Files.delete(log);
    }
  }

  /** What JMH and its fork print goes to a file, and into the message where the fork fails. */
  private static void runQuietly(Options options, Path log) throws RunnerException, IOException {
    PrintStream out = System.out;
    PrintStream err = System.err;
    try (PrintStream file = new PrintStream(log.toFile(), StandardCharsets.UTF_8)) {
      System.setOut(file);
      System.setErr(file);
      new Runner(options).run();
    } catch (RunnerException e) {
      throw new RunnerException(Files.readString(log), e);
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }
}
