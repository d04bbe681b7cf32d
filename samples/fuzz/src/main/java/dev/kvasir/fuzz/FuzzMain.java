package dev.kvasir.fuzz;

import dev.kvasir.fuzz.plan.PlanFuzz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Tries many mutants: {@code [--seed N] [--from N] [--count N] [--seconds N] [--out FOLDER]}, with
 * {@code --damage} every truncation and every flipped bit of a whole compiled plan, or with {@code
 * --plans [--threads N]} random policies over random models, compiled, run and compared with the
 * evaluator, by default one for each processor at a time.
 *
 * <p>Prints what became of them, by kind and code; of policies also now and then before, and when
 * it is stopped. Exit status 1 when there are findings; mutants are written to the folder, policies
 * are printed, with the seed and index that make them again ({@code --from INDEX --count 1}).
 */
public final class FuzzMain {

  private static final long PROGRESS = 200_000;
  private static final long PLANS_PROGRESS = 100;

  private FuzzMain() {}

  /** Options, all of them numbers but one. */
  private static final class Options {
    private long seed = 1;
    private long from;
    private long count = 10_000_000;
    private long seconds = Long.MAX_VALUE;
    private boolean damage;
    private boolean plans;
    private int threads = Runtime.getRuntime().availableProcessors();
    private Path out = Path.of("fuzz-findings");

    static Options parse(String... arguments) {
      Options options = new Options();
      Iterator<String> words = List.of(arguments).iterator();
      while (words.hasNext()) {
        String option = words.next();
        if (option.equals("--damage")) {
          options.damage = true;
          continue;
        }
        if (option.equals("--plans")) {
          options.plans = true;
          continue;
        }
        String value = words.hasNext() ? words.next() : "";
        switch (option) {
          case "--seed" -> options.seed = Long.parseLong(value);
          case "--from" -> options.from = Long.parseLong(value);
          case "--count" -> options.count = Long.parseLong(value);
          case "--seconds" -> options.seconds = Long.parseLong(value);
          case "--threads" -> options.threads = Integer.parseInt(value);
          case "--out" -> options.out = Path.of(value);
          default -> throw new IllegalArgumentException("unknown option " + option);
        }
      }
      return options;
    }
  }

  /** Runs the command. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Options options = Options.parse(arguments);
    Path folder = Files.createTempDirectory("kvasir-fuzz");
    boolean found;
    try {
      if (options.damage) {
        found = damage(folder);
      } else {
        found = options.plans ? plans(options, folder) : mutants(options, folder);
      }
    } finally {
      delete(folder);
    }
    if (found) {
      System.exit(1);
    }
  }

  private static boolean mutants(Options options, Path folder) throws IOException {
    try (FuzzRun run = new FuzzRun(options.seed, folder, options.out)) {
      long start = System.nanoTime();
      long end = Math.addExact(options.from, options.count);
      for (long index = options.from; index < end; index++) {
        run.run(index);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (seconds > options.seconds) {
          break;
        }
        if ((index - options.from + 1) % PROGRESS == 0) {
          System.err.println(speed(run.tally().total(), seconds));
        }
      }
      System.out.println(speed(run.tally().total(), (System.nanoTime() - start) / 1e9));
      System.out.print(run.tally().table());
      run.problems().forEach(System.out::println);
      return !run.problems().isEmpty();
    }
  }

  private static boolean plans(Options options, Path folder)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    long end = Math.addExact(options.from, options.count);
    try (PlanFuzz fuzz = new PlanFuzz(options.seed, folder, options.threads)) {
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> System.out.println(summary(fuzz, start))));
      fuzz.run(
          options.from,
          end,
          () -> {
            if (fuzz.counted() % PLANS_PROGRESS == 0 && fuzz.counted() > 0) {
              System.err.println(summary(fuzz, start));
            }
            return seconds(start) > options.seconds;
          });
      return !fuzz.problems().isEmpty();
    }
  }

  private static String summary(PlanFuzz fuzz, long start) {
    return String.format(Locale.ROOT, "%d policies in %.0f s%n", fuzz.counted(), seconds(start))
        + fuzz.table()
        + String.join(System.lineSeparator(), fuzz.problems());
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static boolean damage(Path folder) throws IOException {
    GoldenModel.write(folder);
    Damage damage = new Damage(GoldenPlans.of(folder).compiled().toBytes());
    long start = System.nanoTime();
    for (int length = 0; length < damage.lengths(); length++) {
      damage.cut(length);
    }
    for (long bit = 0; bit < damage.bits(); bit++) {
      damage.flip(bit);
    }
    System.out.printf(
        Locale.ROOT,
        "%d truncations and %d flipped bits, all refused, in %.0f s%n",
        damage.lengths(),
        damage.bits(),
        (System.nanoTime() - start) / 1e9);
    return false;
  }

  private static String speed(long count, double seconds) {
    return String.format(
        Locale.ROOT, "%d mutants in %.0f s, %.0f a second", count, seconds, count / seconds);
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(folder)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }
}
