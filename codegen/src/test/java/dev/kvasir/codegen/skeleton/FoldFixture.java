package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Candidates of a fold in some heads with random masses and rows, memory for the kernels that list
 * and mix them, and what a fold is by its definition, in double precision.
 */
public final class FoldFixture {

  private static final int KEY_DIM = 24;
  private static final int VALUE_DIM = 40;

  private final FoldShape shape;
  private final int heads;
  private final int candidates;
  private final float[][] mass;
  private final float[][][] rows;
  private final float[] weight;
  private final float[] bias;

  /**
   * Draws candidates.
   *
   * @param heads listed heads
   * @param candidates rows of each, at least as many as there are slots
   */
  public FoldFixture(Random random, Fold fold, int heads, int candidates) {
    List<CacheSegment> segments =
        List.of(
            CacheSegment.of(
                CacheSegment.Kind.SLOTS, ElementFormat.F32, fold.slots(), OptionalInt.empty()),
            CacheSegment.of(
                CacheSegment.Kind.TAIL, ElementFormat.F32, fold.block(), OptionalInt.empty()));
    this.shape =
        new FoldShape(
            AttentionFixture.shape(1, heads, KEY_DIM, VALUE_DIM, segments, 4096),
            fold,
            candidates + random.nextInt(100));
    this.heads = heads;
    this.candidates = candidates;
    this.mass = new float[heads][candidates];
    this.rows = new float[heads][candidates][];
    for (int head = 0; head < heads; head++) {
      for (int c = 0; c < candidates; c++) {
        // Few different masses, so that there are ties.
        mass[head][c] = random.nextInt(40) / 16f;
        rows[head][c] = gaussian(random, shape.channels(), 1);
      }
    }
    int terms = fold.kernel() * shape.channels();
    this.weight = gaussian(random, fold.mixed() * terms, (float) (3 / Math.sqrt(terms)));
    this.bias = gaussian(random, fold.mixed(), 1);
  }

  private static float[] gaussian(Random random, int size, float spread) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian() * spread;
    }
    return values;
  }

  /** {@return the shape of the kernels} */
  public FoldShape shape() {
    return shape;
  }

  private Fold fold() {
    return shape.fold();
  }

  /** {@return memory for {@link FoldLists}} */
  public Map<String, KernelMemory> toList() {
    KernelMemory masses = empty(ElementFormat.F32, heads * shape.room().elements());
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < shape.room().elements(); i++) {
        int candidate = i - CandidateRoom.GUARD;
        boolean isThere = candidate >= 0 && candidate < candidates;
        masses.setFloat(
            head * shape.room().elements() + i, isThere ? mass[head][candidate] : Float.NaN);
      }
    }
    Map<String, KernelMemory> all = new HashMap<>();
    all.put("mass", masses);
    all.put("chosen", empty(ElementFormat.I32, heads * shape.slotRoom()));
    all.put("residual", empty(ElementFormat.I32, heads * shape.slotRoom()));
    all.put("rest", empty(ElementFormat.I32, heads * shape.room().elements()));
    for (String counts : List.of("chosen_counts", "rest_counts", "slot_counts")) {
      all.put(counts, empty(ElementFormat.I32, heads));
    }
    return all;
  }

  /** {@return memory for {@link RestRows#columns}} */
  public Map<String, KernelMemory> toColumns() {
    KernelMemory listed = empty(ElementFormat.F32, Math.toIntExact(heads * shape.restElements()));
    for (int head = 0; head < heads; head++) {
      List<Integer> rest = rest(head);
      for (int row = 0; row < shape.restRows(); row++) {
        int place = row - fold().halo();
        boolean isThere = place >= 0 && place < rest.size();
        for (int channel = 0; channel < shape.channels(); channel++) {
          listed.setFloat(
              (head * shape.restRows() + row) * shape.channels() + channel,
              isThere ? rows[head][rest.get(place)][channel] : 0);
        }
      }
    }
    Map<String, KernelMemory> all = new HashMap<>();
    all.put("rest_rows", listed);
    all.put(
        "rest_columns", empty(ElementFormat.F32, Math.toIntExact(heads * shape.columnElements())));
    return all;
  }

  /** {@return memory for {@link FoldRows}, behind {@link RestRows#columns}} */
  public Map<String, KernelMemory> toFold(Map<String, KernelMemory> columns) {
    Map<String, KernelMemory> all = new HashMap<>(columns);
    int[] counts = new int[heads];
    for (int head = 0; head < heads; head++) {
      counts[head] = rest(head).size();
    }
    all.put("rest_counts", KernelMemory.ofInts(counts));
    all.put("weight", KernelMemory.ofFloats(ElementFormat.F32, weight));
    all.put("bias", KernelMemory.ofFloats(ElementFormat.F32, bias));
    all.put("mixed", empty(ElementFormat.F32, Math.toIntExact(heads * shape.mixedElements())));
    return all;
  }

  private static KernelMemory empty(ElementFormat format, int size) {
    return KernelMemory.uninitialised(format, size);
  }

  /** {@return the launch arguments} */
  public int[][] dims(Kernel kernel, int firstSlot) {
    Map<String, Integer> values =
        Map.of(FoldLists.CANDIDATES, candidates, FoldRows.FIRST_SLOT, firstSlot);
    return new int[][] {Uniforms.dims(kernel, values)};
  }

  /** {@return the grid of kernels over heads} */
  public int[] heads() {
    return new int[] {1, heads};
  }

  /** {@return the grid of {@link RestRows#columns}} */
  public int[] blocks() {
    return new int[] {1, heads, Math.ceilDiv(candidates - fold().verbatim(), FoldShape.BLOCK)};
  }

  private List<Integer> heaviest(int head, int count) {
    return IntStream.range(0, candidates)
        .boxed()
        .sorted(Comparator.comparing((Integer c) -> -mass[head][c]).thenComparing(c -> c))
        .limit(count)
        .sorted()
        .toList();
  }

  private List<Integer> rest(int head) {
    List<Integer> rest = new ArrayList<>(IntStream.range(0, candidates).boxed().toList());
    rest.removeAll(heaviest(head, fold().verbatim()));
    return rest;
  }

  /** Requires all lists. */
  public void requireLists(String description, Map<String, KernelMemory> memories) {
    for (int head = 0; head < heads; head++) {
      String text = description + ", head " + head;
      List<Integer> verbatim = heaviest(head, fold().verbatim());
      List<Integer> rest = rest(head);
      List<Integer> own =
          heaviest(head, fold().slots()).stream()
              .filter(rest::contains)
              .map(rest::indexOf)
              .toList();
      assertThat(list(memories, "chosen", head, shape.slotRoom(), "chosen_counts"))
          .as(text)
          .isEqualTo(verbatim);
      assertThat(list(memories, "rest", head, shape.room().elements(), "rest_counts"))
          .as(text)
          .isEqualTo(rest);
      KernelMemory residual = SelectionFixture.get(memories, "residual");
      int from = head * shape.slotRoom();
      assertThat(IntStream.range(0, own.size()).mapToObj(i -> residual.getInt(from + i)).toList())
          .as(text)
          .isEqualTo(own);
      assertThat(SelectionFixture.get(memories, "slot_counts").getInt(head))
          .as(text)
          .isEqualTo(fold().slots());
    }
  }

  private static List<Integer> list(
      Map<String, KernelMemory> memories, String name, int head, int room, String counts) {
    KernelMemory list = SelectionFixture.get(memories, name);
    return IntStream.range(0, SelectionFixture.get(memories, counts).getInt(head))
        .mapToObj(i -> list.getInt((long) head * room + i))
        .toList();
  }

  /** Requires mixed rows {@code first} to {@code end} - 1. */
  public void requireMixed(
      String description, Map<String, KernelMemory> memories, int first, int end) {
    KernelMemory mixed = SelectionFixture.get(memories, "mixed");
    double error = 0;
    double norm = 0;
    for (int head = 0; head < heads; head++) {
      for (int slot = first; slot < end; slot++) {
        double[] expected = mixed(head, slot);
        for (int channel = 0; channel < expected.length; channel++) {
          int place = (head * fold().mixed() + slot) * shape.channels() + channel;
          error += Math.pow(mixed.getFloat(place) - expected[channel], 2);
          norm += expected[channel] * expected[channel];
        }
      }
    }
    assertThat(Math.sqrt(error / norm)).as(description).isLessThanOrEqualTo(1e-5);
  }

  private double[] mixed(int head, int slot) {
    List<Integer> rest = rest(head);
    double[] shares = new double[rest.size()];
    double sum = 0;
    for (int j = 0; j < shares.length; j++) {
      shares[j] = Math.exp(Math.max(0, bias[slot] + convolution(head, slot, rest, j)));
      sum += shares[j];
    }
    double[] row = new double[shape.channels()];
    for (int j = 0; j < shares.length; j++) {
      for (int channel = 0; channel < row.length; channel++) {
        row[channel] += shares[j] / sum * rows[head][rest.get(j)][channel];
      }
    }
    return row;
  }

  private double convolution(int head, int slot, List<Integer> rest, int row) {
    double sum = 0;
    for (int tap = 0; tap < fold().kernel(); tap++) {
      int other = row + tap - fold().halo();
      for (int channel = 0; channel < shape.channels(); channel++) {
        if (other >= 0 && other < rest.size()) {
          sum +=
              (double) weight[(slot * fold().kernel() + tap) * shape.channels() + channel]
                  * rows[head][rest.get(other)][channel];
        }
      }
    }
    return sum;
  }
}
