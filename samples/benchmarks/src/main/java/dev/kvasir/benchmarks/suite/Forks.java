package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
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
              .output(log.toString())
              .shouldFailOnError(true);
      measured.parameters().forEach(options::param);
      double before = Machine.load();
      try {
        new Runner(options.build()).run();
      } catch (RunnerException e) {
        throw new RunnerException(Files.readString(log), e);
      }
      return new CaseResult.Round(Sample.read(samples), before, Machine.load());
    } finally {
      Files.delete(samples);
      Files.delete(log);
    }
  }
}
