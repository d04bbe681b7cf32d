package dev.kvasir.benchmarks.gpu;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the suite is asked to do.
 *
 * @param quick whether sizes are so small that a processor will do
 * @param only what runs, of {@link #WORKS}
 * @param rounds how often each operation is timed
 * @param seconds after which nothing new begins
 * @param device id or name; empty for the first
 * @param results folder for the results
 * @param peer file with PyTorch's measurements; empty for none
 * @param peerAbsent why there is no such file
 */
record GpuOptions(
    boolean quick,
    Set<String> only,
    int rounds,
    int seconds,
    Optional<String> device,
    Path results,
    Optional<Path> peer,
    String peerAbsent) {

  /** What can run. */
  static final List<String> WORKS = List.of("decode", "tasks", "prefill", "model");

  static final String USAGE =
      """
      usage: [--quick] [--only WORK[,WORK]] [--rounds N] [--seconds N] [--device DEVICE]
             [--results FOLDER] [--peer FILE.json | --no-peer REASON]
      --quick    small sizes, for trying it on a processor
      --only     of decode, tasks, prefill and model
      --rounds   how often each operation is timed, 7 unless given
      --seconds  after which nothing new begins, 380 unless given
      --device   id or name, the first one unless given
      --results  folder for the results, this one unless given
      --peer     what PyTorch measured
      --no-peer  why PyTorch measured nothing
      """;

  /**
   * {@return the options that the arguments give}
   *
   * @throws IllegalArgumentException when they make no sense
   */
  static GpuOptions parse(List<String> arguments) {
    boolean quick = false;
    Set<String> only = Set.copyOf(WORKS);
    int rounds = 7;
    int seconds = 380;
    Optional<String> device = Optional.empty();
    Path results = Path.of("");
    Optional<Path> peer = Optional.empty();
    String peerAbsent = "not asked for";
    Deque<String> words = new ArrayDeque<>(arguments);
    while (!words.isEmpty()) {
      String word = words.remove();
      if (word.equals("--quick")) {
        quick = true;
        continue;
      }
      if (words.isEmpty()) {
        throw new IllegalArgumentException("unknown option, or one without its value: " + word);
      }
      String value = words.remove();
      switch (word) {
        case "--only" -> only = works(value);
        case "--rounds" -> rounds = positive(word, value);
        case "--seconds" -> seconds = positive(word, value);
        case "--device" -> device = Optional.of(value);
        case "--results" -> results = Path.of(value);
        case "--peer" -> peer = Optional.of(Path.of(value));
        case "--no-peer" -> peerAbsent = value;
        default -> throw new IllegalArgumentException("unknown option: " + word);
      }
    }
    return new GpuOptions(quick, only, rounds, seconds, device, results, peer, peerAbsent);
  }

  /** {@return the arguments that choose what is measured} */
  String command() {
    return "gpu-bench"
        + (quick ? " --quick" : "")
        + (only.size() == WORKS.size() ? "" : " --only " + String.join(",", new TreeSet<>(only)))
        + " --rounds "
        + rounds;
  }

  private static Set<String> works(String value) {
    Set<String> works = Set.of(value.split(",", -1));
    if (!WORKS.containsAll(works)) {
      throw new IllegalArgumentException("--only takes some of " + WORKS + ", got " + value);
    }
    return works;
  }

  private static int positive(String option, String value) {
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException(option + " must be at least 1, got " + value);
    }
    return Integer.parseInt(value);
  }
}
