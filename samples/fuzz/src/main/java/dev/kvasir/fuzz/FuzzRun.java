package dev.kvasir.fuzz;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes and tries mutants, one after the other. For one thread, which also made it. */
final class FuzzRun implements AutoCloseable {

  private static final int MAX_WRITTEN = 200;
  private static final int HALTED = 70;

  private final long seed;
  private final Mutants mutants;
  private final Trial trial;
  private final Path findings;
  private final Tally tally = new Tally();
  private final List<String> problems = new ArrayList<>();
  private final Watchdog watchdog;
  private Mutant current;

  /**
   * @param folder an empty folder for model files
   * @param findings where mutants that are findings are written
   */
  FuzzRun(long seed, Path folder, Path findings) throws IOException {
    this.seed = seed;
    this.findings = findings;
    Path golden = Files.createDirectory(folder.resolve("golden"));
    GoldenModel.write(golden);
    GoldenPlans plans = GoldenPlans.of(golden);
    mutants = new Mutants(seed, plans);
    trial = new Trial(plans, folder);
    current = mutants.get(0);
    watchdog =
        new Watchdog(
            slow -> {
              System.err.println(report(current, slow));
              Runtime.getRuntime().halt(HALTED);
            });
  }

  /** {@return the sound plans that mutants are made from} */
  GoldenPlans plans() {
    return mutants.plans();
  }

  /** {@return what becomes of a plan that nothing was done to; counts nothing} */
  Outcome accepts(PlanArchive sound) {
    return trial.run(
        new Mutant.PlanFile(-1, MutationKind.PLAN_BYTES, sound.toBytes(), Optional.empty(), false));
  }

  /** {@return what becomes of a mutant; counts it, and writes it down when it is a finding} */
  Outcome run(Mutant mutant) {
    current = mutant;
    Outcome outcome = watched(mutant);
    if (outcome instanceof Outcome.Finding finding
        && finding.what() instanceof Watchdog.TooSlowException) {
      // The first may have waited for classes to be loaded or compiled.
      outcome = watched(mutant);
    }
    tally.add(mutant.kind(), outcome, watchdog.lastNanos());
    if (outcome instanceof Outcome.Finding finding) {
      problems.add(report(mutant, finding.what()));
    }
    return outcome;
  }

  /** {@return what becomes of mutant {@code index}} */
  Outcome run(long index) {
    return run(mutants.get(index));
  }

  private Outcome watched(Mutant mutant) {
    try {
      return watchdog.measure(() -> trial.run(mutant));
    } catch (Exception e) {
      return new Outcome.Finding(e);
    }
  }

  /** {@return what has been counted} */
  Tally tally() {
    return tally;
  }

  /** {@return a text for each finding} */
  List<String> problems() {
    return problems;
  }

  private String report(Mutant mutant, Throwable what) {
    StringWriter text = new StringWriter();
    text.append("seed %d, mutant %d, %s: ".formatted(seed, mutant.index(), mutant.kind()));
    what.printStackTrace(new PrintWriter(text, true));
    if (problems.size() < MAX_WRITTEN) {
      write(mutant, text.toString());
    }
    return text.toString();
  }

  private void write(Mutant mutant, String text) {
    try {
      Files.createDirectories(findings);
      String name = "%d-%d".formatted(seed, mutant.index());
      Files.writeString(findings.resolve(name + ".txt"), text);
      switch (mutant) {
        case Mutant.PlanFile file -> Files.write(findings.resolve(name + ".kvplan"), file.bytes());
        case Mutant.ModelFiles files -> {
          for (Map.Entry<String, byte[]> file : files.files().entrySet()) {
            Files.write(findings.resolve(name + "." + file.getKey()), file.getValue());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    watchdog.close();
  }
}
