package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;

/**
 * A cache filled by hand and the attention over it computed from the definition, in double
 * precision and without any kernel. Keys, values and queries are known by true position; pages are
 * laid out here once more: keys as [dim][64], values as tiles of [64][up to 64].
 */
final class AttentionFixture {

  static final int PAGE = 64;
  static final float NOTHING = -1e30f;

  final AttentionShape shape;
  final List<CacheSegment> segments;
  final int sink;
  private final Random random;
  final int[] heads;
  final int firstHead = 1;
  private final int positions;
  private final float[] keys;
  private final float[] values;
  final float[] queries;

  /**
   * Draws keys, values and queries for every position.
   *
   * @param shape of the kernels
   * @param segments what the shape's parts were made from
   * @param positions true positions to draw
   */
  AttentionFixture(
      AttentionShape shape, List<CacheSegment> segments, int positions, float spread, long seed) {
    this.shape = shape;
    this.segments = segments;
    this.sink =
        segments.stream()
            .filter(s -> s.kind() == CacheSegment.Kind.SINK)
            .mapToInt(CacheSegment::rows)
            .sum();
    this.positions = positions;
    this.random = new Random(seed);
    this.heads = new int[1 + shape.kvHeads()];
    heads[0] = 99;
    for (int head = 0; head < shape.kvHeads(); head++) {
      heads[1 + head] = shape.kvHeads() - 1 - head;
    }
    keys = gaussian(positions * shape.kvHeads() * shape.keyDim(), spread);
    values = gaussian(positions * shape.kvHeads() * shape.valueDim(), 1);
    queries = gaussian(positions * shape.queryHeads() * shape.keyDim(), spread);
  }

  /** {@return tokens of a tile of prefill attention: up to 64 rows with all heads of a group} */
  static int tileTokens(int group) {
    return Integer.highestOneBit(Math.clamp(64 / group, 1, 16));
  }

  /** {@return a shape over segments in the order given, with the usual scale} */
  static AttentionShape shape(
      int group, int kvHeads, int keyDim, int valueDim, List<CacheSegment> segments, int context) {
    return new AttentionShape(
        group * kvHeads,
        kvHeads,
        keyDim,
        valueDim,
        1 / Math.sqrt(keyDim),
        SegmentPart.of(new HeadGroup(List.of(0), segments)),
        context);
  }

  /** {@return the segments of {@code dense}, {@code window}, {@code ring} or {@code sink+ring}} */
  static List<CacheSegment> segments(String kind, ElementFormat format) {
    OptionalInt none = OptionalInt.empty();
    return switch (kind) {
      case "dense" -> List.of(CacheSegment.of(CacheSegment.Kind.DENSE, format, 0, none));
      case "window" ->
          List.of(CacheSegment.of(CacheSegment.Kind.DENSE, format, 0, OptionalInt.of(70)));
      case "ring" -> List.of(CacheSegment.of(CacheSegment.Kind.RING, format, 60, none));
      case "sink+ring" ->
          List.of(
              CacheSegment.of(CacheSegment.Kind.SINK, format, 4, none),
              CacheSegment.of(CacheSegment.Kind.RING, format, 64, none));
      case "sink+ring+window" ->
          List.of(
              CacheSegment.of(CacheSegment.Kind.SINK, format, 66, OptionalInt.of(90)),
              CacheSegment.of(CacheSegment.Kind.RING, format, 100, OptionalInt.of(90)));
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private float[] gaussian(int size, float spread) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) random.nextGaussian() * spread;
    }
    return numbers;
  }

  void setAllValues(float value) {
    Arrays.fill(values, value);
  }

  /**
   * Makes logits grow by about {@code step} with each position, through the last element: were it
   * the first, each further term of a sum in f32 would round at the size of the whole logit, which
   * is more than the bar of {@link #check} grants.
   */
  void ramp(float step) {
    int last = shape.keyDim() - 1;
    for (int position = 0; position < positions; position++) {
      for (int head = 0; head < shape.kvHeads(); head++) {
        keys[(position * shape.kvHeads() + head) * shape.keyDim() + last] = step * position;
      }
      for (int head = 0; head < shape.queryHeads(); head++) {
        queries[(position * shape.queryHeads() + head) * shape.keyDim() + last] =
            (float) Math.sqrt(shape.keyDim());
      }
    }
  }

  float key(int position, int head, int i) {
    return keys[(position * shape.kvHeads() + head) * shape.keyDim() + i];
  }

  float value(int position, int head, int i) {
    return values[(position * shape.kvHeads() + head) * shape.valueDim() + i];
  }

  /** {@return activations [rows, kvHeads * dim] of consecutive positions} */
  KernelMemory rows(boolean ofKeys, int from, int to) {
    int width = shape.kvHeads() * (ofKeys ? shape.keyDim() : shape.valueDim());
    float[] source = ofKeys ? keys : values;
    return KernelMemory.ofFloats(
        ElementFormat.F32, Arrays.copyOfRange(source, from * width, to * width));
  }

  CacheSegment segmentOf(int position) {
    return segments.stream()
        .filter(
            s ->
                switch (s.kind()) {
                  case DENSE -> true;
                  case SINK -> position < sink;
                  case RING -> position >= sink;
                  case KEPT, SLOTS, TAIL, SHARED, RETAINED -> throw new AssertionError(s.text());
                })
        .findFirst()
        .orElseThrow();
  }

  boolean visible(int query, int row) {
    return segmentOf(row).isVisible(query, row);
  }

  /** One cache: pools and a page table, everything NaN that no one put there. */
  final class Cache {
    final Map<String, KernelMemory> memories = new TreeMap<>();
    final KernelMemory table;
    final Map<String, Integer> tableDims = new TreeMap<>();
    private final Map<String, int[]> physical = new TreeMap<>();

    Cache() {
      List<Integer> entries = new ArrayList<>(List.of(12345, -7));
      for (int i = 0; i < segments.size(); i++) {
        SegmentPart part = shape.segments().get(i);
        int pages = part.slots(shape.context()) * shape.kvHeads();
        List<Integer> shuffled = new ArrayList<>();
        for (int page = 0; page < pages + 2; page++) {
          shuffled.add(page);
        }
        Collections.shuffle(shuffled, random);
        tableDims.put(part.name() + "_table", entries.size());
        physical.put(part.name(), shuffled.stream().mapToInt(Integer::intValue).toArray());
        entries.addAll(shuffled.subList(0, pages));
        memories.put(
            CachedPages.pages(part),
            KernelMemory.uninitialised(part.format(), (long) (pages + 2) * shape.pageElements()));
      }
      table = KernelMemory.ofInts(entries.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Puts the rows at these positions where they belong; later rows take reused pages over. */
    void put(int from, int to, int firstQuery, int lastQuery) {
      for (int position = from; position < to; position++) {
        boolean seen = false;
        for (int query = firstQuery; query <= lastQuery && !seen; query++) {
          seen = visible(query, position);
        }
        if (seen) {
          put(position);
        }
      }
    }

    private void put(int position) {
      CacheSegment segment = segmentOf(position);
      for (int listed = 0; listed < shape.kvHeads(); listed++) {
        int head = heads[firstHead + listed];
        for (int i = 0; i < shape.keyDim(); i++) {
          memory(segment).setFloat(keyPlace(position, listed, i), key(position, head, i));
        }
        for (int i = 0; i < shape.valueDim(); i++) {
          memory(segment).setFloat(valuePlace(position, listed, i), value(position, head, i));
        }
      }
    }

    KernelMemory memory(CacheSegment segment) {
      return Objects.requireNonNull(memories.get("pages_" + segment.name()));
    }

    long pageStart(int position, int listed) {
      CacheSegment segment = segmentOf(position);
      int row = segment.kind() == CacheSegment.Kind.RING ? position - sink : position;
      SegmentPart part = shape.segments().get(segments.indexOf(segment));
      int slots = part.slots(shape.context());
      int[] pages = Objects.requireNonNull(physical.get(segment.name()));
      return (long) pages[listed * slots + row / PAGE % slots] * shape.pageElements();
    }

    private int rowInPage(int position) {
      CacheSegment segment = segmentOf(position);
      return (segment.kind() == CacheSegment.Kind.RING ? position - sink : position) % PAGE;
    }

    long keyPlace(int position, int listed, int i) {
      return pageStart(position, listed) + layout(position).keyElement(rowInPage(position), i);
    }

    long valuePlace(int position, int listed, int i) {
      return pageStart(position, listed) + layout(position).valueElement(rowInPage(position), i);
    }

    private PageLayout layout(int position) {
      StorageFormat format = StorageFormat.ofText(memoryAt(position).format().text());
      return PageLayout.streamed(format, shape.keyDim(), shape.valueDim());
    }

    KernelMemory memoryAt(int position) {
      return memory(segmentOf(position));
    }
  }

  /** {@return where element i of a value row lies in a plain page} */
  static long inPage(int keyDim, int valueDim, int row, int i) {
    int tile = i / 64;
    int width = Math.min(64, valueDim - tile * 64);
    return (long) keyDim * PAGE + (long) tile * 64 * PAGE + (long) row * width + i % 64;
  }

  /** What attention is for one query head: output, log-sum-exp, largest logit. */
  record Expected(double[] output, double lse, double largestLogit) {}

  /** Rows by true position, as a kernel finds them. */
  interface Rows {
    /** {@return element i of the key} */
    double key(int position, int head, int i);

    /** {@return element i of the value} */
    double value(int position, int head, int i);
  }

  /** {@return rows before {@code exactFrom} in the format of their segment, later ones exact} */
  Rows stored(int exactFrom) {
    return new Rows() {
      @Override
      public double key(int position, int head, int i) {
        return stored(AttentionFixture.this.key(position, head, i), position, exactFrom);
      }

      @Override
      public double value(int position, int head, int i) {
        return stored(AttentionFixture.this.value(position, head, i), position, exactFrom);
      }
    };
  }

  /**
   * Attention of one query head by its definition.
   *
   * @param exactFrom rows at this position and later are raw f32, earlier ones as they are stored
   */
  Expected attend(int position, int queryHead, int exactFrom) {
    return attend(position, queryHead, stored(exactFrom));
  }

  /** Attention of one query head over the visible among these rows, by its definition. */
  Expected attend(int position, int queryHead, Rows rows) {
    int head = queryHead / shape.group();
    double[] logits = new double[position + 1];
    double largest = Double.NEGATIVE_INFINITY;
    double magnitude = 0;
    for (int row = 0; row <= position; row++) {
      logits[row] = Double.NEGATIVE_INFINITY;
      if (!visible(position, row)) {
        continue;
      }
      double dot = 0;
      for (int i = 0; i < shape.keyDim(); i++) {
        int at = (position * shape.queryHeads() + queryHead) * shape.keyDim() + i;
        dot += (double) queries[at] * rows.key(row, head, i);
      }
      logits[row] = shape.scale() * dot;
      largest = Math.max(largest, logits[row]);
      magnitude = Math.max(magnitude, Math.abs(logits[row]));
    }
    double[] output = new double[shape.valueDim()];
    if (largest == Double.NEGATIVE_INFINITY) {
      return new Expected(output, NOTHING, 0);
    }
    double sum = 0;
    for (int row = 0; row <= position; row++) {
      double p = Math.exp(logits[row] - largest);
      sum += p;
      for (int i = 0; i < output.length && p > 0; i++) {
        output[i] += p * rows.value(row, head, i);
      }
    }
    for (int i = 0; i < output.length; i++) {
      output[i] /= sum;
    }
    return new Expected(output, largest + Math.log(sum), magnitude);
  }

  private float stored(float number, int row, int exactFrom) {
    return row >= exactFrom ? number : segmentOf(row).format().round(number);
  }

  /**
   * Fails unless the output of a position agrees: relative L2 of each head at most 1e-5 + 2^-22 *
   * the largest logit, the log-sum-exp alike.
   *
   * @param row of the result buffers
   */
  void check(
      String what, KernelMemory out, KernelMemory lse, int row, int position, int exactFrom) {
    check(what, out, lse, row, position, stored(exactFrom));
  }

  /** As {@link #check(String, KernelMemory, KernelMemory, int, int, int)}, over these rows. */
  void check(String what, KernelMemory out, KernelMemory lse, int row, int position, Rows rows) {
    for (int head = 0; head < shape.queryHeads(); head++) {
      Expected expected = attend(position, head, rows);
      double error = 0;
      double norm = 0;
      for (int i = 0; i < shape.valueDim(); i++) {
        float found = out.getFloat(((long) row * shape.queryHeads() + head) * shape.valueDim() + i);
        error += Math.pow(found - expected.output()[i], 2);
        norm += Math.pow(expected.output()[i], 2);
      }
      double bar = 1e-5 + 0x1p-22 * expected.largestLogit();
      if (!(Math.sqrt(error) <= bar * Math.sqrt(norm))) {
        throw new AssertionError(
            "%s, position %d, query head %d: relative error %.3g of %.3g"
                .formatted(what, position, head, Math.sqrt(error / norm), bar));
      }
      float found = lse.getFloat((long) row * shape.queryHeads() + head);
      double lseBar = bar * Math.max(1, Math.abs(expected.lse()));
      if (!(Math.abs(found - expected.lse()) <= lseBar)) {
        throw new AssertionError(
            "%s, position %d, query head %d: log-sum-exp %s, expected %s"
                .formatted(what, position, head, found, expected.lse()));
      }
    }
  }
}
