package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.RandomScore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Candidates of some lists with random masses, memory for the kernels that score and choose, and
 * what a selection is by its definition, in double precision.
 */
public final class SelectionFixture {

  private static final int FIRST_LIST = 3;
  private static final int SALT = 5;

  private final ScoreShape shape;
  private final CandidateRoom room;
  private final int more;
  private final int task;
  private final int protectedFrom;
  private final int[][] positions;
  private final double[][] mass;
  private final Map<String, KernelMemory> memories = new HashMap<>();

  /**
   * Draws candidates.
   *
   * @param shape how they are scored
   * @param lists lists, each with its own kept rows
   * @param kept most kept rows of a list; every list but the first has fewer
   * @param more rows behind them, at neighbouring positions
   * @param observe rows at the end that are protected
   */
  public SelectionFixture(
      Random random, ScoreShape shape, int lists, int kept, int more, int observe) {
    this.shape = shape;
    this.room = shape.candidates();
    this.more = more;
    this.task = random.nextInt(2);
    int seen = 3 * kept + 5;
    this.protectedFrom = seen + more - observe;
    this.positions = new int[lists][];
    this.mass = new double[lists * shape.heads()][];
    KernelMemory masses =
        KernelMemory.uninitialised(
            ElementFormat.F32, (long) lists * shape.heads() * room.elements());
    int[] candidatePositions = random.ints((long) lists * room.elements()).toArray();
    int[] counts = random.ints(FIRST_LIST + lists + 2).toArray();
    for (int list = 0; list < lists; list++) {
      int count = list == 0 ? kept : random.nextInt(kept + 1);
      counts[FIRST_LIST + list] = count;
      positions[list] = positions(random, count, seen);
      for (int c = 0; c < positions[list].length; c++) {
        candidatePositions[place(list, c)] = positions[list][c];
      }
      for (int head = 0; head < shape.heads(); head++) {
        int row = list * shape.heads() + head;
        mass[row] = new double[positions[list].length];
        for (int c = 0; c < mass[row].length; c++) {
          // Few different masses, whose sums are exact, so that there are ties.
          mass[row][c] = random.nextInt(48) / 16.0;
          masses.setFloat(place(row, c), (float) mass[row][c]);
        }
      }
    }
    memories.put("mass", masses);
    memories.put("candidate_positions", KernelMemory.ofInts(candidatePositions));
    memories.put("counts", KernelMemory.ofInts(counts));
  }

  private int[] positions(Random random, int kept, int seen) {
    TreeSet<Integer> chosen = new TreeSet<>();
    while (chosen.size() < kept) {
      chosen.add(random.nextInt(seen));
    }
    return IntStream.concat(
            chosen.stream().mapToInt(Integer::intValue), IntStream.range(seen, seen + more))
        .toArray();
  }

  private int place(int row, int candidate) {
    return row * room.elements() + CandidateRoom.GUARD + candidate;
  }

  /** {@return elements of a row for so many kept rows and rows behind them} */
  public static int room(int kept, int more) {
    return CandidateRoom.of(kept + more).elements();
  }

  private int lists() {
    return positions.length;
  }

  /** {@return memory for the scores, which nothing has written} */
  public Map<String, KernelMemory> toScore() {
    return with("scores", empty(ElementFormat.F32, lists() * room.elements()));
  }

  /** {@return memory for the choice from {@code scores}} */
  public Map<String, KernelMemory> toChoose(KernelMemory scores, int keptRoom) {
    Map<String, KernelMemory> all = with("scores", scores);
    all.put("chosen", empty(ElementFormat.I32, lists() * keptRoom));
    all.put("chosen_positions", empty(ElementFormat.I32, lists() * keptRoom));
    all.put("chosen_counts", empty(ElementFormat.I32, lists()));
    return all;
  }

  private Map<String, KernelMemory> with(String name, KernelMemory memory) {
    Map<String, KernelMemory> all = new HashMap<>(memories);
    all.put(name, memory);
    return all;
  }

  private static KernelMemory empty(ElementFormat format, int size) {
    return KernelMemory.uninitialised(format, size);
  }

  /** {@return the launch arguments} */
  public int[][] dims(Kernel kernel, int choose) {
    Map<String, Integer> values =
        Map.of(
            "first_list",
            FIRST_LIST,
            "more",
            more,
            "protected_from",
            protectedFrom,
            "salt",
            SALT,
            ScoreShape.TASK,
            task,
            "choose",
            choose);
    return new int[][] {Uniforms.dims(kernel, values)};
  }

  /** {@return the grid of {@link ScoreRows}, two blocks larger than needed} */
  public int[] scoreGrid() {
    int most = Arrays.stream(positions).mapToInt(list -> list.length).max().orElse(0);
    int room = shape.room() / ScoreRows.BLOCK - 2;
    return new int[] {1, lists(), Math.min(room, most / ScoreRows.BLOCK + 2)};
  }

  /** {@return the grid of {@link ChooseRows}} */
  public int[] chooseGrid() {
    return new int[] {1, lists()};
  }

  private int reviewed(int list) {
    return (int) Arrays.stream(positions[list]).filter(p -> p < protectedFrom).count();
  }

  /** {@return slots that a choice of so many windows can take} */
  public int keptRoom(int choose) {
    int rows = 1;
    for (int list = 0; list < lists(); list++) {
      long most = (long) choose * shape.window() + positions[list].length - reviewed(list);
      rows = (int) Math.max(rows, Math.min(most, positions[list].length));
    }
    return rows;
  }

  /** {@return what the drawn task says where the score is by task} */
  private ScoreShape.Score score() {
    if (!(shape.score() instanceof ScoreShape.ByTask)) {
      return shape.score();
    }
    return task == 0 ? new ScoreShape.Maximum() : new ScoreShape.Average();
  }

  private double score(int list, int candidate) {
    if (shape.score() instanceof ScoreShape.Random(int seed)) {
      return RandomScore.of(seed, SALT, positions[list][candidate] / shape.window());
    }
    double sum = 0;
    for (int head = 0; head < shape.heads(); head++) {
      double[] masses = together(list, candidate, mass[list * shape.heads() + head]);
      Arrays.sort(masses);
      int largest = shape.window() > 1 ? Math.min(4, masses.length) : 1;
      sum +=
          score() instanceof ScoreShape.Average
              ? Arrays.stream(masses).average().orElseThrow()
              : Arrays.stream(masses, masses.length - largest, masses.length)
                  .average()
                  .orElseThrow();
    }
    return sum;
  }

  /** The masses of a review row's pool or window. */
  private double[] together(int list, int candidate, double[] masses) {
    int window = positions[list][candidate] / shape.window();
    return IntStream.range(0, reviewed(list))
        .filter(
            other ->
                shape.window() > 1
                    ? positions[list][other] / shape.window() == window
                    : Math.abs(other - candidate) <= shape.pool() / 2)
        .mapToDouble(other -> masses[other])
        .toArray();
  }

  /** Requires the scores of all candidates. */
  public void requireScores(String description, KernelMemory scores) {
    for (int list = 0; list < lists(); list++) {
      int reviewed = reviewed(list);
      for (int c = 0; c < positions[list].length; c++) {
        double wanted = c < reviewed ? score(list, c) : 0;
        assertThat(scores.isInitialised(place(list, c)))
            .as("%s, list %d, candidate %d", description, list, c)
            .isTrue();
        assertThat((double) scores.getFloat(place(list, c)))
            .as("%s, list %d, candidate %d", description, list, c)
            .isBetween(wanted - 1e-6 * shape.heads() * 3, wanted + 1e-6 * shape.heads() * 3);
      }
    }
  }

  /** Requires the choice that the scores, as they are, ask for. */
  public void requireChoice(
      String description, Map<String, KernelMemory> memories, int keptRoom, int choose) {
    KernelMemory scores = get(memories, "scores");
    for (int list = 0; list < lists(); list++) {
      List<Integer> wanted = choice(scores, list, choose);
      String place = "%s, list %d".formatted(description, list);
      assertThat(get(memories, "chosen_counts").getInt(list)).as(place).isEqualTo(wanted.size());
      for (int slot = 0; slot < keptRoom; slot++) {
        long at = (long) list * keptRoom + slot;
        if (slot >= wanted.size()) {
          assertThat(get(memories, "chosen").isInitialised(at)).as(place).isFalse();
          continue;
        }
        int candidate = wanted.get(slot);
        assertThat(get(memories, "chosen").getInt(at))
            .as("%s, slot %d", place, slot)
            .isEqualTo(candidate);
        assertThat(get(memories, "chosen_positions").getInt(at))
            .as("%s, slot %d", place, slot)
            .isEqualTo(positions[list][candidate]);
      }
    }
  }

  /** {@return a memory of {@code memories}} */
  public static KernelMemory get(Map<String, KernelMemory> memories, String name) {
    return Objects.requireNonNull(memories.get(name), name);
  }

  private record Window(int number, double score) {}

  private List<Integer> choice(KernelMemory scores, int list, int choose) {
    List<Window> windows = new ArrayList<>();
    for (int c = 0; c < reviewed(list); c++) {
      int number = positions[list][c] / shape.window();
      if (windows.isEmpty() || windows.getLast().number != number) {
        windows.add(new Window(number, scores.getFloat(place(list, c))));
      }
    }
    windows.sort(
        Comparator.comparingDouble((Window window) -> -window.score)
            .thenComparingInt(window -> window.number));
    List<Integer> numbers = windows.stream().limit(choose).map(Window::number).toList();
    return IntStream.range(0, positions[list].length)
        .filter(
            c ->
                positions[list][c] >= protectedFrom
                    || numbers.contains(positions[list][c] / shape.window()))
        .boxed()
        .toList();
  }
}
