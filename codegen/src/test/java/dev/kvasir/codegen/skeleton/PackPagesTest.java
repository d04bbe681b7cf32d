package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps, minima and codes of pages against the definition, and which pages are refused. */
class PackPagesTest {

  private static final int CONTEXT = 300;
  private static final int HEADS = 3;
  private static final int PAGE = AttentionFixture.PAGE;
  private static final int SPAN_PAGES = 7;
  private static final int UNTOUCHED = -77;

  /** Stands for the interpreter where a width is expected. */
  private static final int INTERPRETED = 0;

  /** Rows of a page: keys and values, each [64][dim]. */
  private record Page(float[][] keys, float[][] values) {}

  /** One packed segment, its pools, and the pages to be packed. */
  private static final class Bench {
    final AttentionShape shape;
    final CacheSegment segment;
    final SegmentPart part;
    final PackedCache cache;
    final Random random;
    final int bits;

    Bench(CacheSegment segment, int keyDim, int valueDim, int bits, long seed) {
      this.segment = segment;
      this.bits = bits;
      shape = AttentionFixture.shape(1, HEADS, keyDim, valueDim, List.of(segment), CONTEXT);
      part = shape.segments().getFirst();
      random = new Random(seed);
      AttentionFixture any = new AttentionFixture(shape, List.of(segment), 1, 1, seed);
      cache = new PackedCache(List.of(any), random);
    }

    Page page(DoubleSupplier numbers) {
      return new Page(rows(shape.keyDim(), numbers), rows(shape.valueDim(), numbers));
    }

    private float[][] rows(int dim, DoubleSupplier numbers) {
      float[][] rows = new float[PAGE][dim];
      for (float[] row : rows) {
        for (int i = 0; i < dim; i++) {
          row[i] = segment.format().round((float) numbers.getAsDouble());
        }
      }
      return rows;
    }

    void put(KernelMemory source, int number, Page page) {
      long start = (long) number * shape.pageElements();
      for (int row = 0; row < PAGE; row++) {
        for (int i = 0; i < shape.keyDim(); i++) {
          source.setFloat(start + (long) i * PAGE + row, page.keys()[row][i]);
        }
        for (int i = 0; i < shape.valueDim(); i++) {
          source.setFloat(
              start + AttentionFixture.inPage(shape.keyDim(), shape.valueDim(), row, i),
              page.values()[row][i]);
        }
      }
    }

    /**
     * Packs pages as those that a span closes.
     *
     * @param pages [head][closing page]
     * @param first number of the first
     * @return what was refused, [head][closing page]
     */
    int[][] packSpan(List<List<Page>> pages, int first) {
      int closing = pages.getFirst().size();
      int room = ClosingPages.most(part, shape, SPAN_PAGES);
      KernelMemory source =
          KernelMemory.uninitialised(segment.format(), (long) HEADS * room * shape.pageElements());
      for (int head = 0; head < HEADS; head++) {
        for (int page = 0; page < closing; page++) {
          put(source, head * room + page, pages.get(head).get(page));
        }
      }
      int position = first * PAGE + 13;
      Map<String, Integer> dims = new HashMap<>(cache.tableDims(0));
      dims.put("position", position);
      dims.put("span", (first + closing) * PAGE + 1 - position);
      int[] refused =
          run(PackPages.ofSpan("pack", shape, part, room), source, dims, room, first, closing);
      int[][] byPage = new int[HEADS][closing];
      for (int point = 0; point < HEADS * room; point++) {
        if (point < HEADS * closing) {
          byPage[point / closing][point % closing] = refused[point];
        } else {
          assertThat(refused[point]).isEqualTo(UNTOUCHED);
        }
      }
      return byPage;
    }

    /** Packs the open page of each head as page {@code number}. */
    int[] packOpen(List<Page> pages, int number) {
      KernelMemory source = cache.memory("pages_", segment);
      for (int head = 0; head < HEADS; head++) {
        put(source, cache.open(0, segment, head), pages.get(head));
      }
      Map<String, Integer> dims = new HashMap<>(cache.tableDims(0));
      dims.put("tokens", (number + 1) * PAGE);
      return run(PackPages.ofOpenPage("pack", shape, part), source, dims, 1, number, 1);
    }

    /** Runs the kernel and sees that it leaves all other pages alone. */
    private int[] run(
        Kernel kernel,
        KernelMemory source,
        Map<String, Integer> dims,
        int room,
        int first,
        int count) {
      Map<String, float[]> before = new TreeMap<>();
      List<String> targets = List.of("key_codes_", "value_codes_", "scales_");
      targets.forEach(name -> before.put(name, cache.memory(name, segment).toFloats()));
      KernelMemory refused = KernelMemory.uninitialised(ElementFormat.I32, (long) HEADS * room);
      for (int point = 0; point < HEADS * room; point++) {
        refused.setInt(point, UNTOUCHED);
      }
      Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
      memories.put("source", source);
      memories.put("refused", refused);
      int[][] arguments = {Uniforms.dims(kernel, dims)};
      int[] grid = {1, HEADS, count};
      if (bits == INTERPRETED) {
        KernelInterpreter.run(kernel, memories, arguments, grid);
      } else {
        JvmKernelRunner.run(kernel, bits, memories, arguments, grid);
      }
      Set<Integer> written = new HashSet<>();
      for (int head = 0; head < HEADS; head++) {
        for (int page = first; page < first + count; page++) {
          written.add(cache.physical(0, segment, head, page));
        }
      }
      int pages = HEADS * cache.slots(segment) + 2;
      for (String target : targets) {
        float[] after = cache.memory(target, segment).toFloats();
        float[] old = Objects.requireNonNull(before.get(target));
        int elements = after.length / pages;
        for (int i = 0; i < after.length; i++) {
          if (!written.contains(i / elements) && Float.compare(after[i], old[i]) != 0) {
            throw new AssertionError(
                "%s%s, page %d was written".formatted(target, segment.name(), i / elements));
          }
        }
      }
      return refused.toInts();
    }

    void require(String what, int listed, int number, Page page) {
      int physical = cache.physical(0, segment, listed, number);
      cache.coding(segment, physical, true).require(what + ", keys", page.keys());
      cache.coding(segment, physical, false).require(what + ", values", page.values());
    }
  }

  private static CacheSegment segment(String kind, ElementFormat tail, String keys, String values) {
    return PackedCache.segments(kind, tail, keys, values).getLast();
  }

  /** Rows by their nature: two pages of each, so that one head may have two. */
  private static List<Page> natures(Bench bench) {
    Random random = bench.random;
    List<Page> pages = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      pages.add(bench.page(random::nextGaussian));
      pages.add(bench.page(() -> 0.37));
      pages.add(bench.page(() -> random.nextBoolean() ? -0.0 : 0.0));
      pages.add(bench.page(() -> 3e-6 * random.nextGaussian()));
      pages.add(bench.page(() -> 1000 + random.nextInt(3)));
      Page outlier = bench.page(random::nextGaussian);
      outlier.keys()[random.nextInt(PAGE)][3] = bench.segment.format().round(-61234);
      outlier.values()[random.nextInt(PAGE)][17] = bench.segment.format().round(61234);
      pages.add(outlier);
    }
    return pages;
  }

  @ParameterizedTest
  @CsvSource({
    "dense, F32, 8c64, 8t32, 32, 32, 128",
    "dense, BF16, 4c64, 4t32, 64, 64, 256",
    "dense, F16, 8c32, 4t16, 80, 80, 512",
    "ring100, BF16, 4c16, 8t64, 96, 128, 512",
    "dense, F32, 8c16, 4t128, 128, 256, 256",
    "ring200, F16, 4c32, 8t128, 48, 128, 128",
    "dense, BF16, 8t16, 8t16, 80, 48, 256",
    "dense, F32, 4t16, 4t64, 256, 64, 512",
    "ring65, F16, 8t32, 4t32, 96, 96, 128",
    "dense, BF16, 4t32, 8t32, 64, 32, 512",
    "dense, F32, 8t64, 8t16, 128, 96, 512",
    "dense, F16, 4t64, 4t64, 64, 192, 256",
    "dense, BF16, 8t128, 8t64, 128, 64, 128",
    "dense, F32, 8c32, 4t16, 32, 32, 0",
    "ring129, F32, 4t128, 4t16, 256, 80, 256"
  })
  void codesByTheDefinition(
      String kind,
      ElementFormat tail,
      String keys,
      String values,
      int keyDim,
      int valueDim,
      int bits) {
    long seed = 100L * keyDim + bits;
    Bench bench = new Bench(segment(kind, tail, keys, values), keyDim, valueDim, bits, seed);
    List<Page> pages = natures(bench);
    int closing = Math.min(4, bench.cache.slots(bench.segment));
    List<List<Page>> byHead = new ArrayList<>();
    for (int head = 0; head < HEADS; head++) {
      List<Page> own = new ArrayList<>();
      for (int page = 0; page < closing; page++) {
        own.add(pages.get((head * closing + page) % pages.size()));
      }
      byHead.add(own);
    }
    for (int[] refused : bench.packSpan(byHead, 0)) {
      assertThat(refused).as("refused, seed %d", seed).containsOnly(0);
    }
    for (int head = 0; head < HEADS; head++) {
      for (int page = 0; page < closing; page++) {
        bench.require(
            "seed %d, head %d, page %d".formatted(seed, head, page),
            head,
            page,
            byHead.get(head).get(page));
      }
    }
    Collections.shuffle(pages, bench.random);
    assertThat(bench.packOpen(pages, 2)).as("refused, seed %d", seed).containsOnly(0);
    for (int head = 0; head < HEADS; head++) {
      bench.require("seed %d, open page of %d".formatted(seed, head), head, 2, pages.get(head));
    }
  }

  /** Numbers minimum + step * code, each group with its least and largest code. */
  private static float[][] onGrid(QuantisedFormat format, int dim, Random random) {
    float[][] rows = new float[PAGE][dim];
    int largest = (1 << format.bits()) - 1;
    for (int row = 0; row < PAGE; row++) {
      for (int channel = 0; channel < dim; channel++) {
        int code =
            switch ((row + channel) % 16) {
              case 0 -> 0;
              case 1 -> largest;
              default -> random.nextInt(largest + 1);
            };
        rows[row][channel] = -1.5f + code * 0x1p-6f;
      }
    }
    return rows;
  }

  @ParameterizedTest
  @CsvSource({
    "F32, 8c64, 8t32, 64, 64, 512", "BF16, 4c16, 4t16, 80, 48, 256",
    "F16, 8t16, 8t64, 32, 128, 128", "BF16, 8t128, 4t128, 128, 128, 512",
    "F32, 4c32, 8t16, 96, 80, 128", "F16, 4t32, 4t32, 96, 96, 256"
  })
  void numbersOnTheGridSurvive(
      ElementFormat tail, String keys, String values, int keyDim, int valueDim, int bits) {
    long seed = 10L * keyDim + bits;
    CacheSegment segment = segment("dense", tail, keys, values);
    Bench bench = new Bench(segment, keyDim, valueDim, bits, seed);
    List<Page> pages = new ArrayList<>();
    for (int head = 0; head < HEADS; head++) {
      pages.add(
          new Page(
              onGrid(PackedCache.format(keys), keyDim, bench.random),
              onGrid(PackedCache.format(values), valueDim, bench.random)));
    }
    assertThat(bench.packOpen(pages, 1)).as("refused, seed %d", seed).containsOnly(0);
    for (int head = 0; head < HEADS; head++) {
      int physical = bench.cache.physical(0, segment, head, 1);
      NaiveCoding keyCoding = bench.cache.coding(segment, physical, true);
      NaiveCoding valueCoding = bench.cache.coding(segment, physical, false);
      for (int row = 0; row < PAGE; row++) {
        for (int i = 0; i < keyDim; i++) {
          assertThat(keyCoding.decoded(row, i))
              .as("key %d[%d], seed %d", row, i, seed)
              .isEqualTo(pages.get(head).keys()[row][i]);
        }
        for (int i = 0; i < valueDim; i++) {
          assertThat(valueCoding.decoded(row, i))
              .as("value %d[%d], seed %d", row, i, seed)
              .isEqualTo(pages.get(head).values()[row][i]);
        }
      }
    }
  }

  /** A page to pack, and whether it must be refused. */
  private record Judged(String what, Page page, boolean refused) {}

  /**
   * Pages with one odd element, in every corner and somewhere, and pages whose minimum or step f16
   * holds only just.
   */
  private static List<Judged> oddities(Bench bench) {
    ElementFormat tail = bench.segment.format();
    Random random = bench.random;
    List<Judged> judged = new ArrayList<>();
    for (boolean ofKeys : new boolean[] {true, false}) {
      QuantisedFormat format =
          ofKeys
              ? bench.segment.packing().orElseThrow().key()
              : bench.segment.packing().orElseThrow().value();
      int largest = (1 << format.bits()) - 1;
      int dim = ofKeys ? bench.shape.keyDim() : bench.shape.valueDim();
      int[][] places = {
        {0, 0}, {0, dim - 1}, {63, 0}, {63, dim - 1}, {random.nextInt(64), random.nextInt(dim)}
      };
      Map<String, Float> odd = new TreeMap<>();
      odd.put("NaN", Float.NaN);
      odd.put("infinity", Float.POSITIVE_INFINITY);
      odd.put("minus infinity", Float.NEGATIVE_INFINITY);
      if (tail != ElementFormat.F16) {
        odd.put("minimum", -66000f);
        odd.put("step", 66000f * largest);
        odd.put("largest number", Float.MAX_VALUE);
      }
      odd.forEach(
          (what, number) -> {
            for (int[] place : places) {
              Page page = bench.page(random::nextGaussian);
              (ofKeys ? page.keys() : page.values())[place[0]][place[1]] = tail.round(number);
              judged.add(
                  new Judged(
                      "%s at row %d, channel %d of %s"
                          .formatted(what, place[0], place[1], ofKeys ? "keys" : "values"),
                      page,
                      true));
            }
          });
    }
    double most = tail == ElementFormat.BF16 ? 65280 : 65504;
    judged.add(new Judged("lowest", bench.page(() -> -most), false));
    judged.add(new Judged("highest", bench.page(() -> most), false));
    if (tail == ElementFormat.F32) {
      judged.add(new Judged("rounds to the lowest", bench.page(() -> -65519), false));
      judged.add(new Judged("rounds to infinity", bench.page(() -> -65520), true));
      judged.add(new Judged("highest minimum", bench.page(() -> 70000), true));
      Page wide = bench.page(random::nextGaussian);
      wide.keys()[5][5] = 60000f * 15;
      judged.add(new Judged("wide step", wide, false));
    }
    for (int i = 0; i < 7 || judged.size() % (4 * HEADS) != 0; i++) {
      judged.add(new Judged("ordinary", bench.page(random::nextGaussian), false));
    }
    Collections.shuffle(judged, random);
    return judged;
  }

  @ParameterizedTest
  @CsvSource({
    "F32, 8c64, 4t32, 32, 32, 512", "BF16, 4c16, 8t16, 48, 80, 256",
    "F16, 8c32, 8t64, 32, 64, 128", "F32, 4t16, 8t16, 32, 48, 128",
    "BF16, 8t128, 4t128, 128, 128, 512", "F32, 8t32, 4t64, 96, 64, 256",
    "F32, 8c64, 4t32, 32, 32, 0"
  })
  void refusesWhatNoCodeHolds(
      ElementFormat tail, String keys, String values, int keyDim, int valueDim, int bits) {
    long seed = 1000L * keyDim + bits;
    CacheSegment segment = segment("dense", tail, keys, values);
    Bench bench = new Bench(segment, keyDim, valueDim, bits, seed);
    List<Judged> judged = oddities(bench);
    for (int start = 0; start < judged.size(); start += 4 * HEADS) {
      List<List<Page>> pages = new ArrayList<>();
      for (int head = 0; head < HEADS; head++) {
        pages.add(
            judged.subList(start + head * 4, start + head * 4 + 4).stream()
                .map(Judged::page)
                .toList());
      }
      int[][] refused = bench.packSpan(pages, 0);
      for (int i = 0; i < 4 * HEADS; i++) {
        Judged one = judged.get(start + i);
        assertThat(refused[i / 4][i % 4])
            .as("%s, seed %d", one.what(), seed)
            .isEqualTo(one.refused() ? 1 : 0);
        if (!one.refused()) {
          bench.require(one.what() + ", seed " + seed, i / 4, i % 4, one.page());
        }
      }
    }
    List<Judged> open = judged.subList(0, HEADS);
    int[] refused = bench.packOpen(open.stream().map(Judged::page).toList(), 3);
    for (int head = 0; head < HEADS; head++) {
      assertThat(refused[head])
          .as("%s, seed %d", open.get(head).what(), seed)
          .isEqualTo(open.get(head).refused() ? 1 : 0);
    }
  }
}
