package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;

/**
 * Pools and page tables of a cache with quantised segments, for one or more sequences, laid out
 * here once more. Everything that nobody put there is poison: NaN in pages and scales, random
 * codes.
 *
 * <p>A head has a table entry for each slot, for closed pages, and a last one for its open page. A
 * page of codes has keys as [keyDim][64], values as tiles of [64][up to 64]; the same page of the
 * scales has key steps, key minima, value steps and value minima.
 */
final class PackedCache {

  private static final int PAGE = AttentionFixture.PAGE;
  private static final int SPARE = 2;

  private final AttentionShape shape;
  private final List<AttentionFixture> sequences;
  private final List<CacheSegment> segments;
  private final int sink;
  final Map<String, KernelMemory> memories = new TreeMap<>();
  private final KernelMemory table;
  private final List<Map<String, Integer>> tableDims = new ArrayList<>();
  private final Map<String, float[]> untouched = new TreeMap<>();
  private final Map<String, List<Integer>> spare = new TreeMap<>();
  private final Map<String, Integer> pageCounts = new TreeMap<>();

  /**
   * A cache that holds nothing.
   *
   * @param sequences rows of each sequence; all of one shape
   * @param random draws the order of pages, and codes that mean nothing
   */
  PackedCache(List<AttentionFixture> sequences, Random random) {
    this.sequences = List.copyOf(sequences);
    AttentionFixture any = sequences.getFirst();
    this.shape = any.shape;
    this.segments = any.segments;
    this.sink = any.sink;
    Map<String, List<Integer>> closed = new TreeMap<>();
    Map<String, List<Integer>> open = new TreeMap<>();
    int heads = shape.kvHeads() * sequences.size();
    for (CacheSegment segment : segments) {
      int pages = slots(segment) * heads;
      closed.put(segment.name(), shuffled(pages, random));
      open.put(segment.name(), shuffled(heads, random));
      declare(segment, pages + SPARE, heads + SPARE, random);
    }
    List<Integer> entries = new ArrayList<>(List.of(54321, -9));
    for (int sequence = 0; sequence < sequences.size(); sequence++) {
      Map<String, Integer> dims = new TreeMap<>();
      for (CacheSegment segment : segments) {
        dims.put(segment.name() + "_table", entries.size());
        for (int head = 0; head < shape.kvHeads(); head++) {
          take(entries, Objects.requireNonNull(closed.get(segment.name())), slots(segment));
          if (segment.packing().isPresent()) {
            take(entries, Objects.requireNonNull(open.get(segment.name())), 1);
          }
        }
      }
      tableDims.add(dims);
    }
    table = KernelMemory.ofInts(entries.stream().mapToInt(Integer::intValue).toArray());
    for (CacheSegment segment : segments) {
      boolean packed = segment.packing().isPresent();
      int pages = slots(segment) * heads + SPARE;
      List<Integer> rest = Objects.requireNonNull(closed.get(segment.name()));
      watch(
          "pages_" + segment.name(),
          packed ? heads + SPARE : pages,
          packed ? Objects.requireNonNull(open.get(segment.name())) : rest);
      if (packed) {
        for (String pool : List.of("key_codes_", "value_codes_", "scales_")) {
          watch(pool + segment.name(), pages, rest);
        }
      }
    }
    memories.put("table", table);
    memories.put("heads", KernelMemory.ofInts(any.heads));
  }

  /** Remembers what pages that no table names hold. */
  private void watch(String name, int pages, List<Integer> unnamed) {
    untouched.put(name, Objects.requireNonNull(memories.get(name)).toFloats());
    pageCounts.put(name, pages);
    spare.put(name, unnamed);
  }

  private static List<Integer> shuffled(int pages, Random random) {
    List<Integer> numbers = new ArrayList<>();
    for (int page = 0; page < pages + SPARE; page++) {
      numbers.add(page);
    }
    Collections.shuffle(numbers, random);
    return numbers;
  }

  private static void take(List<Integer> entries, List<Integer> from, int count) {
    for (int i = 0; i < count; i++) {
      entries.add(from.removeFirst());
    }
  }

  private void declare(CacheSegment segment, int closed, int open, Random random) {
    boolean packed = segment.packing().isPresent();
    memories.put(
        "pages_" + segment.name(),
        KernelMemory.uninitialised(
            segment.format(), (long) (packed ? open : closed) * shape.pageElements()));
    if (packed) {
      Packing packing = segment.packing().orElseThrow();
      memories.put(
          "key_codes_" + segment.name(),
          codes(packing.key(), (long) closed * PAGE * shape.keyDim(), random));
      memories.put(
          "value_codes_" + segment.name(),
          codes(packing.value(), (long) closed * PAGE * shape.valueDim(), random));
      memories.put(
          "scales_" + segment.name(),
          KernelMemory.uninitialised(ElementFormat.F16, (long) closed * scaleElements(packing)));
    }
  }

  private static KernelMemory codes(QuantisedFormat format, long elements, Random random) {
    KernelMemory codes =
        KernelMemory.uninitialised(
            format.bits() == 4 ? ElementFormat.U4 : ElementFormat.U8, elements);
    for (long i = 0; i < elements; i++) {
      codes.setFloat(i, random.nextInt(1 << format.bits()));
    }
    return codes;
  }

  private int scaleElements(Packing packing) {
    return 2
        * (NaiveCoding.groups(packing.key(), shape.keyDim())
            + NaiveCoding.groups(packing.value(), shape.valueDim()));
  }

  /** {@return pages that a head holds at most, the open page of a packed segment apart} */
  int slots(CacheSegment segment) {
    int context = shape.context();
    return switch (segment.kind()) {
      case DENSE -> Math.ceilDiv(context, PAGE);
      case SINK -> Math.ceilDiv(Math.min(context, segment.rows()), PAGE);
      case RING -> {
        int all = Math.max(1, Math.ceilDiv(context - sink, PAGE));
        int recent =
            segment.packing().isPresent()
                ? Math.max(1, Math.ceilDiv(segment.rows() - 1, PAGE))
                : Math.ceilDiv(segment.rows(), PAGE) + 1;
        yield Math.min(all, recent);
      }
      case KEPT, SLOTS, TAIL, SHARED, RETAINED -> throw new AssertionError(segment.text());
    };
  }

  /** Fails when a page that no table names is not as it was. */
  void requireSparePagesIntact(String what) {
    spare.forEach(
        (name, pages) -> {
          float[] before = Objects.requireNonNull(untouched.get(name));
          KernelMemory pool = Objects.requireNonNull(memories.get(name));
          int elements = before.length / Objects.requireNonNull(pageCounts.get(name));
          for (int page : pages) {
            for (int i = page * elements; i < (page + 1) * elements; i++) {
              if (Float.compare(pool.getFloat(i), before[i]) != 0) {
                throw new AssertionError(
                    what + ": page %d of %s was written".formatted(page, name));
              }
            }
          }
        });
  }

  /** {@return launch arguments that name a sequence's tables} */
  Map<String, Integer> tableDims(int sequence) {
    return tableDims.get(sequence);
  }

  KernelMemory memory(String prefix, CacheSegment segment) {
    return Objects.requireNonNull(memories.get(prefix + segment.name()));
  }

  int firstPosition(CacheSegment segment) {
    return segment.kind() == CacheSegment.Kind.RING ? sink : 0;
  }

  /** {@return rows that the segment has taken once {@code tokens} tokens are in the cache} */
  int rows(CacheSegment segment, int tokens) {
    return switch (segment.kind()) {
      case DENSE -> tokens;
      case SINK -> Math.min(tokens, sink);
      case RING -> Math.max(0, tokens - sink);
      case KEPT, SLOTS, TAIL, SHARED, RETAINED -> throw new AssertionError(segment.text());
    };
  }

  /** {@return closed pages of a packed segment while a run starts at {@code tokens} tokens} */
  int closed(CacheSegment segment, int tokens) {
    return segment.packing().isPresent() ? rows(segment, tokens) / PAGE : 0;
  }

  private int entry(int sequence, CacheSegment segment, int listed, int entry) {
    int entries = slots(segment) + (segment.packing().isPresent() ? 1 : 0);
    int start = Objects.requireNonNull(tableDims(sequence).get(segment.name() + "_table"));
    return table.getInt(start + (long) listed * entries + entry);
  }

  /** {@return number in the pools of a closed page, or of a page of an unpacked segment} */
  int physical(int sequence, CacheSegment segment, int listed, int page) {
    return entry(sequence, segment, listed, page % slots(segment));
  }

  /** {@return number in the pool of the open page} */
  int open(int sequence, CacheSegment segment, int listed) {
    return entry(sequence, segment, listed, slots(segment));
  }

  /** {@return head that stands at a place of the list of heads} */
  int head(int listed) {
    AttentionFixture any = sequences.getFirst();
    return any.heads[any.firstHead + listed];
  }

  /** {@return the rows of a page as its segment takes them, [64][dim]} */
  float[][] tail(int sequence, CacheSegment segment, int listed, int page, boolean ofKeys) {
    AttentionFixture fixture = sequences.get(sequence);
    float[][] rows = new float[PAGE][ofKeys ? shape.keyDim() : shape.valueDim()];
    for (int row = 0; row < PAGE; row++) {
      int position = firstPosition(segment) + page * PAGE + row;
      for (int i = 0; i < rows[row].length; i++) {
        rows[row][i] =
            segment
                .format()
                .round(
                    ofKeys
                        ? fixture.key(position, head(listed), i)
                        : fixture.value(position, head(listed), i));
      }
    }
    return rows;
  }

  /**
   * Puts what the cache of a sequence holds during a run where it belongs, as far as some query
   * sees it: rows of pages that were closed when the run began as codes, others as they are.
   *
   * @param before tokens when the run began
   * @param tokens tokens now
   */
  void fill(int sequence, int before, int tokens, int firstQuery, int lastQuery) {
    AttentionFixture fixture = sequences.get(sequence);
    for (CacheSegment segment : segments) {
      int first = firstPosition(segment);
      int closed = closed(segment, before);
      int coded = -1;
      for (int row = 0; row < rows(segment, tokens); row++) {
        if (!seen(fixture, first + row, firstQuery, lastQuery)) {
          continue;
        }
        for (int listed = 0; listed < shape.kvHeads(); listed++) {
          if (row / PAGE >= closed) {
            putRow(sequence, segment, listed, row);
          } else if (row / PAGE > coded) {
            int page = physical(sequence, segment, listed, row / PAGE);
            Packing packing = segment.packing().orElseThrow();
            put(
                segment,
                page,
                true,
                NaiveCoding.of(packing.key(), tail(sequence, segment, listed, row / PAGE, true)));
            put(
                segment,
                page,
                false,
                NaiveCoding.of(
                    packing.value(), tail(sequence, segment, listed, row / PAGE, false)));
          }
        }
        coded = row / PAGE;
      }
    }
  }

  private static boolean seen(AttentionFixture fixture, int row, int firstQuery, int lastQuery) {
    for (int query = firstQuery; query <= lastQuery; query++) {
      if (fixture.visible(query, row)) {
        return true;
      }
    }
    return false;
  }

  private void putRow(int sequence, CacheSegment segment, int listed, int row) {
    AttentionFixture fixture = sequences.get(sequence);
    int position = firstPosition(segment) + row;
    KernelMemory pages = memory("pages_", segment);
    for (int i = 0; i < shape.keyDim(); i++) {
      pages.setFloat(
          plainKey(sequence, segment, listed, row, i), fixture.key(position, head(listed), i));
    }
    for (int i = 0; i < shape.valueDim(); i++) {
      pages.setFloat(
          plainValue(sequence, segment, listed, row, i), fixture.value(position, head(listed), i));
    }
  }

  private long plainPage(int sequence, CacheSegment segment, int listed, int row) {
    int page =
        segment.packing().isPresent()
            ? open(sequence, segment, listed)
            : physical(sequence, segment, listed, row / PAGE);
    return (long) page * shape.pageElements();
  }

  /** {@return where a row that is not coded has element i of its key} */
  private long plainKey(int sequence, CacheSegment segment, int listed, int row, int i) {
    return plainPage(sequence, segment, listed, row) + layout(segment).keyElement(row % PAGE, i);
  }

  /** {@return where a row that is not coded has element i of its value} */
  private long plainValue(int sequence, CacheSegment segment, int listed, int row, int i) {
    return plainPage(sequence, segment, listed, row) + layout(segment).valueElement(row % PAGE, i);
  }

  private PageLayout layout(CacheSegment segment) {
    return segment.packing().isPresent()
        ? PageLayout.plain(shape.keyDim(), shape.valueDim())
        : PageLayout.streamed(
            StorageFormat.ofText(segment.format().text()), shape.keyDim(), shape.valueDim());
  }

  private void put(CacheSegment segment, int page, boolean ofKeys, NaiveCoding coding) {
    for (int group = 0; group < coding.steps().length; group++) {
      memory("scales_", segment)
          .setFloat(step(segment, page, ofKeys, group), coding.steps()[group]);
      memory("scales_", segment)
          .setFloat(
              step(segment, page, ofKeys, group) + coding.steps().length, coding.minima()[group]);
    }
    KernelMemory codes = memory(ofKeys ? "key_codes_" : "value_codes_", segment);
    for (int row = 0; row < PAGE; row++) {
      for (int i = 0; i < coding.codes()[row].length; i++) {
        codes.setFloat(code(segment, page, ofKeys, row, i), coding.codes()[row][i]);
      }
    }
  }

  /**
   * {@return where the step of a group is; its minimum is as many elements on as there are groups}
   */
  private long step(CacheSegment segment, int page, boolean ofKeys, int group) {
    Packing packing = segment.packing().orElseThrow();
    int before = ofKeys ? 0 : 2 * NaiveCoding.groups(packing.key(), shape.keyDim());
    return (long) page * scaleElements(packing) + before + group;
  }

  private long code(CacheSegment segment, int page, boolean ofKeys, int row, int i) {
    int bits = segment.packing().orElseThrow().value().bits();
    PageLayout codes = PageLayout.codes(bits, shape.keyDim(), shape.valueDim());
    return ofKeys
        ? (long) page * shape.keyDim() * PAGE + codes.keyElement(row, i)
        : (long) page * shape.valueDim() * PAGE + codes.valueElement(row, i) - codes.valuesOffset();
  }

  /** {@return what a page of the pools of codes holds} */
  NaiveCoding coding(CacheSegment segment, int page, boolean ofKeys) {
    Packing packing = segment.packing().orElseThrow();
    QuantisedFormat format = ofKeys ? packing.key() : packing.value();
    int dim = ofKeys ? shape.keyDim() : shape.valueDim();
    int groups = NaiveCoding.groups(format, dim);
    NaiveCoding coding =
        new NaiveCoding(format, new float[groups], new float[groups], new int[PAGE][dim]);
    for (int group = 0; group < groups; group++) {
      long step = step(segment, page, ofKeys, group);
      coding.steps()[group] = memory("scales_", segment).getFloat(step);
      coding.minima()[group] = memory("scales_", segment).getFloat(step + groups);
    }
    KernelMemory codes = memory(ofKeys ? "key_codes_" : "value_codes_", segment);
    for (int row = 0; row < PAGE; row++) {
      for (int i = 0; i < dim; i++) {
        coding.codes()[row][i] = (int) codes.getFloat(code(segment, page, ofKeys, row, i));
      }
    }
    return coding;
  }

  /**
   * {@return what the cache of a sequence holds, and exact rows from {@code tokens} on}
   *
   * @param before tokens when the run began
   * @param tokens tokens in the cache now
   */
  AttentionFixture.Rows stored(int sequence, int before, int tokens) {
    AttentionFixture exact = sequences.get(sequence);
    double[][][] keys = stored(sequence, before, tokens, true);
    double[][][] values = stored(sequence, before, tokens, false);
    return new AttentionFixture.Rows() {
      @Override
      public double key(int position, int head, int i) {
        return position < tokens ? keys[head][position][i] : exact.key(position, head, i);
      }

      @Override
      public double value(int position, int head, int i) {
        return position < tokens ? values[head][position][i] : exact.value(position, head, i);
      }
    };
  }

  /** {@return [head][position][dim], anything where the cache holds no such row} */
  private double[][][] stored(int sequence, int before, int tokens, boolean ofKeys) {
    int dim = ofKeys ? shape.keyDim() : shape.valueDim();
    double[][][] found = new double[shape.kvHeads()][tokens][dim];
    for (CacheSegment segment : segments) {
      int rows = rows(segment, tokens);
      int closed = closed(segment, before);
      for (int listed = 0; listed < shape.kvHeads(); listed++) {
        double[][] head = found[head(listed)];
        for (int page = 0; page < Math.ceilDiv(rows, PAGE); page++) {
          NaiveCoding coding =
              page < closed
                  ? coding(segment, physical(sequence, segment, listed, page), ofKeys)
                  : null;
          for (int row = page * PAGE; row < Math.min(rows, (page + 1) * PAGE); row++) {
            double[] to = head[firstPosition(segment) + row];
            for (int i = 0; i < dim; i++) {
              to[i] =
                  coding != null
                      ? coding.decoded(row % PAGE, i)
                      : plain(sequence, segment, listed, row, i, ofKeys);
            }
          }
        }
      }
    }
    return found;
  }

  /** {@return an element of a row that is not coded} */
  float plain(int sequence, CacheSegment segment, int listed, int row, int i, boolean ofKeys) {
    return memory("pages_", segment)
        .getFloat(
            ofKeys
                ? plainKey(sequence, segment, listed, row, i)
                : plainValue(sequence, segment, listed, row, i));
  }

  /**
   * {@return the segments of a cache: {@code dense}, {@code ring100} or {@code sink4+ring64}, each
   * with {@code w90} for a model's window of 90; whatever is no sink is packed}
   */
  static List<CacheSegment> segments(String kind, ElementFormat tail, String keys, String values) {
    Packing packing = new Packing(format(keys), format(values));
    String[] windowed = kind.split("w", 2);
    OptionalInt window =
        windowed.length == 1 ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(windowed[1]));
    List<CacheSegment> segments = new ArrayList<>();
    for (String part : windowed[0].split("\\+")) {
      String digits = part.replaceAll("[a-z]", "");
      CacheSegment.Kind segment =
          CacheSegment.Kind.valueOf(part.replaceAll("[0-9]", "").toUpperCase(Locale.ROOT));
      CacheSegment plain =
          CacheSegment.of(segment, tail, digits.isEmpty() ? 0 : Integer.parseInt(digits), window);
      segments.add(segment == CacheSegment.Kind.SINK ? plain : plain.withPacking(packing));
    }
    return List.copyOf(segments);
  }

  /** {@return the format of {@code 8c64} or {@code 4t32}} */
  static QuantisedFormat format(String text) {
    return new QuantisedFormat(
        text.charAt(0) - '0',
        text.charAt(1) == 'c' ? QuantisedFormat.Per.CHANNEL : QuantisedFormat.Per.TOKEN,
        Integer.parseInt(text.substring(2)));
  }
}
