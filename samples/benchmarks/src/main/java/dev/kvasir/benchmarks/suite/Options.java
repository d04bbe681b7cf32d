package dev.kvasir.benchmarks.suite;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * What the suite is asked to do.
 *
 * @param quick whether only some cases run
 * @param only the one benchmark that runs; empty for all
 * @param rounds how often each case runs
 * @param flags of the Java virtual machine, with which the targets' cases run a second time; empty
 *     for none
 * @param folder where results go
 * @param results an earlier run, whose page is written anew instead of running anything
 * @param readme a page whose table is replaced
 * @param notes text about missed targets for the results' page
 */
record Options(
    boolean quick,
    Optional<String> only,
    int rounds,
    String flags,
    Path folder,
    Optional<Path> results,
    Optional<Path> readme,
    Optional<Path> notes) {

  static final String USAGE =
      """
      usage: [--quick] [--only BENCHMARK] [--rounds N] [--flags "FLAGS"] [--folder FOLDER]
             [--readme README.md] [--notes FILE]
             --results FILE.json [--readme README.md] [--notes FILE]
             jmh JMH_ARGUMENTS
      --quick    decode attention at 32,768 rows, a product and steps only: about four minutes
      --only     DecodeAttention, PrefillAttention, Append, MatVec or EndToEndDecode
      --rounds   how often each case runs, 3 unless given
      --flags    measures decode attention at 32,768 rows a second time with these flags
      --folder   where results go, samples/benchmarks/results unless given
      --results  writes the pages of an earlier run anew and measures nothing
      --readme   replaces the table of that page
      --notes    Markdown about missed targets for the results' page
      """;

  private static final int ROUNDS = 3;

  /**
   * {@return the options that the arguments give}
   *
   * @throws IllegalArgumentException when they make no sense
   */
  static Options parse(List<String> arguments) {
    Options options =
        new Options(
            false,
            Optional.empty(),
            ROUNDS,
            "",
            Path.of("samples", "benchmarks", "results"),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    Deque<String> words = new ArrayDeque<>(arguments);
    while (!words.isEmpty()) {
      String word = words.remove();
      if (word.equals("--quick")) {
        options = options.withQuick();
      } else if (words.isEmpty()) {
        throw new IllegalArgumentException("unknown option, or one without its value: " + word);
      } else {
        options = options.with(word, words.remove());
      }
    }
    return options;
  }

  private Options withQuick() {
    return new Options(true, only, rounds, flags, folder, results, readme, notes);
  }

  private Options with(String option, String value) {
    return switch (option) {
      case "--only" ->
          new Options(quick, Optional.of(value), rounds, flags, folder, results, readme, notes);
      case "--rounds" ->
          new Options(quick, only, positive(value), flags, folder, results, readme, notes);
      case "--flags" -> new Options(quick, only, rounds, value, folder, results, readme, notes);
      case "--folder" ->
          new Options(quick, only, rounds, flags, Path.of(value), results, readme, notes);
      case "--results" ->
          new Options(
              quick, only, rounds, flags, folder, Optional.of(Path.of(value)), readme, notes);
      case "--readme" ->
          new Options(
              quick, only, rounds, flags, folder, results, Optional.of(Path.of(value)), notes);
      case "--notes" ->
          new Options(
              quick, only, rounds, flags, folder, results, readme, Optional.of(Path.of(value)));
      default -> throw new IllegalArgumentException("unknown option: " + option);
    };
  }

  private static int positive(String value) {
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException("the number of rounds must be at least 1, got " + value);
    }
    return Integer.parseInt(value);
  }

  /** {@return the arguments that choose what is measured} */
  String command() {
    return "benchmarks.jar"
        + (quick ? " --quick" : "")
        + only.map(name -> " --only " + name).orElse("")
        + " --rounds "
        + rounds
        + (flags.isEmpty() ? "" : " --flags \"" + flags + "\"");
  }

  /**
   * {@return what is measured}
   *
   * @throws IllegalArgumentException when that is nothing
   */
  List<Case> cases(int processors) {
    List<Case> cases = new ArrayList<>(quick ? Cases.quick() : Cases.full(processors));
    cases.removeIf(c -> only.isPresent() && !c.benchmark().equals(only.get()));
    if (!flags.isEmpty()) {
      List<Case> again =
          cases.stream().filter(Options::atTargets).map(c -> c.withFlags(flags)).toList();
      cases.addAll(again);
    }
    if (cases.isEmpty()) {
      throw new IllegalArgumentException("no such benchmark: " + only.orElse(""));
    }
    return cases;
  }

  private static boolean atTargets(Case candidate) {
    return candidate.benchmark().equals("DecodeAttention")
        && candidate.number("context") == Cases.CONTEXT
        && candidate.number("threads") == 1
        && candidate.get("implementation").equals("KVASIR");
  }
}
