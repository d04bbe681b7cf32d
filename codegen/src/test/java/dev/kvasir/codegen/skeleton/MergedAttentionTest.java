package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention over directions with norms, retained rows and a tail, against its definition. Keys of
 * hidden directions, and all that lies behind the last row, are no numbers.
 */
class MergedAttentionTest {

  private static final int PAGE = SegmentPart.PAGE_ROWS;
  private static final int GROUP = 3;
  private static final int HEADS = 2;
  private static final int CONTEXT = 256;
  private static final int TAIL = 40;

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Map<String, KernelMemory> memories = new HashMap<>();
  private final Map<String, Integer> dims = new HashMap<>();
  private final List<Integer> table = new ArrayList<>();

  /** Rows that a head sees: keys and values with their norms. */
  private final List<List<double[][]>> seen = List.of(new ArrayList<>(), new ArrayList<>());

  private static AttentionShape shape(ElementFormat format, int dim) {
    Merge merge = new Merge(Merge.Side.UPPER, 0, BigDecimal.ONE, BigDecimal.valueOf(10), TAIL);
    OptionalInt none = OptionalInt.empty();
    return new AttentionShape(
        GROUP * HEADS,
        HEADS,
        dim,
        dim,
        1 / Math.sqrt(dim),
        SegmentPart.of(
            new HeadGroup(
                List.of(0, 1),
                List.of(
                    CacheSegment.shared(format, merge),
                    CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, none),
                    CacheSegment.of(CacheSegment.Kind.TAIL, format, TAIL, none)))),
        CONTEXT);
  }

  private double[] row(ElementFormat format, int dim) {
    return random.doubles(dim, -2, 2).map(number -> format.round((float) number)).toArray();
  }

  /** Fills the first rows of a segment; {@code norms} of two factors each make them directions. */
  private void fill(AttentionShape shape, SegmentPart part, int rows, boolean directions) {
    PageLayout layout =
        PageLayout.streamed(
            StorageFormat.ofText(part.format().text()), shape.keyDim(), shape.valueDim());
    int slots = part.slots(CONTEXT);
    KernelMemory pages =
        KernelMemory.uninitialised(part.format(), (long) slots * HEADS * layout.elements());
    KernelMemory norms = KernelMemory.uninitialised(ElementFormat.F16, 4L * PAGE * slots * HEADS);
    dims.put(part.name() + "_table", table.size());
    dims.put(part.name() + PagedRows.ENTRIES, slots);
    dims.put(part.name() + PagedRows.ROWS, rows);
    for (int head = 0; head < HEADS; head++) {
      for (int row = 0; row < rows; row++) {
        int page = head * slots + row / PAGE;
        boolean hidden = directions && row % 9 == 4;
        double[] key = row(part.format(), shape.keyDim());
        double[] value = row(part.format(), shape.valueDim());
        for (int i = 0; i < key.length; i++) {
          long start = (long) page * layout.elements();
          pages.setFloat(
              start + layout.keyElement(row % PAGE, i), hidden ? Float.NaN : (float) key[i]);
          pages.setFloat(start + layout.valueElement(row % PAGE, i), hidden ? 0 : (float) value[i]);
        }
        double keyNorm = 1;
        double valueNorm = 1;
        if (directions) {
          keyNorm = hidden ? -1 : ElementFormat.F16.round(random.nextFloat());
          valueNorm = hidden ? -1 : ElementFormat.F16.round(random.nextFloat() * 5);
          norms.setFloat((page * 4L + 2) * PAGE + row % PAGE, (float) keyNorm);
          norms.setFloat((page * 4L + 3) * PAGE + row % PAGE, (float) valueNorm);
        }
        if (!hidden) {
          seen.get(head).add(new double[][] {scaled(key, keyNorm), scaled(value, valueNorm)});
        }
      }
    }
    memories.put(CachedPages.pages(part), pages);
    for (int page = 0; page < slots * HEADS; page++) {
      table.add(page);
    }
    if (directions) {
      memories.put(NormPages.NORMS, norms);
      dims.put(NormPages.TABLE, dims.getOrDefault(part.name() + "_table", 0));
      dims.put(NormPages.KEYS, 2 * PAGE);
      dims.put(NormPages.VALUES, 3 * PAGE);
    }
  }

  private static double[] scaled(double[] row, double factor) {
    double[] scaled = row.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= factor;
    }
    return scaled;
  }

  private KernelMemory written(int size) {
    return KernelMemory.uninitialised(ElementFormat.F32, size);
  }

  @ParameterizedTest
  @CsvSource({
    "f32, 32, 100, 7, 5",
    "bf16, 64, 64, 0, 1",
    "f16, 128, 200, 20, 40",
    "f32, 16, 0, 0, 9"
  })
  void aStepSeesWhatIsNotHidden(String format, int dim, int merged, int retained, int tail) {
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      memories.clear();
      table.clear();
      seen.forEach(List::clear);
      step(ElementFormat.ofText(format), dim, merged, retained, tail, bits);
    }
  }

  private void step(ElementFormat format, int dim, int merged, int retained, int tail, int bits) {
    AttentionShape shape = shape(format, dim);
    int splits = 12;
    fill(shape, shape.segments().get(0), merged, true);
    fill(shape, shape.segments().get(1), retained, false);
    fill(shape, shape.segments().get(2), tail, false);
    dims.put("merged_" + TAIL, merged);
    dims.put("tokens", merged + tail);
    dims.put("first_head", 0);
    dims.put("splits", splits);
    memories.put("table", KernelMemory.ofInts(table.stream().mapToInt(i -> i).toArray()));
    memories.put("heads", KernelMemory.ofInts(0, 1));
    float[] queries = new float[GROUP * HEADS * dim];
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) random.nextGaussian();
    }
    memories.put("q", KernelMemory.ofFloats(ElementFormat.F32, queries));
    int rows = GROUP * HEADS;
    memories.put("partial_maximum", written(rows * splits));
    memories.put("partial_sum", written(rows * splits));
    memories.put("partial_output", written(rows * splits * dim));
    memories.put("out", written(rows * dim));
    memories.put("lse", written(rows));
    Kernel decode = DecodeAttention.build("decode", shape, 1, splits);
    Kernel combine = CombineAttention.build("combine", shape, splits);
    JvmKernelRunner.run(
        decode, bits, memories, new int[][] {Uniforms.dims(decode, dims)}, new int[] {1, 2, 12});
    JvmKernelRunner.run(
        combine, bits, memories, new int[][] {Uniforms.dims(combine, dims)}, new int[] {1, 2});
    for (int head = 0; head < rows; head++) {
      check(shape, queries, head, "seed %d, bits %d, head %d".formatted(seed, bits, head));
    }
  }

  private void check(AttentionShape shape, float[] queries, int head, String what) {
    int dim = shape.keyDim();
    List<double[][]> rows = seen.get(head / GROUP);
    double[] logits =
        rows.stream()
            .mapToDouble(
                row -> {
                  double dot = 0;
                  for (int i = 0; i < dim; i++) {
                    dot += row[0][i] * queries[head * dim + i];
                  }
                  return dot * shape.scale();
                })
            .toArray();
    double largest = Arrays.stream(logits).max().orElseThrow();
    double[] expected = new double[dim];
    double sum = 0;
    for (int row = 0; row < logits.length; row++) {
      double weight = Math.exp(logits[row] - largest);
      sum += weight;
      for (int i = 0; i < dim; i++) {
        expected[i] += weight * rows.get(row)[1][i];
      }
    }
    KernelMemory out = KernelRuns.get(memories, "out");
    double error = 0;
    double norm = 0;
    for (int i = 0; i < dim; i++) {
      error += Math.pow(out.getFloat((long) head * dim + i) - expected[i] / sum, 2);
      norm += Math.pow(expected[i] / sum, 2);
    }
    assertThat(Math.sqrt(error / norm)).as(what).isLessThan(1e-5);
    assertThat((double) KernelRuns.get(memories, "lse").getFloat(head))
        .as(what)
        .isCloseTo(largest + Math.log(sum), Offset.offset(1e-5 * (1 + Math.abs(largest))));
  }
}
