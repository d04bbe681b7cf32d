package dev.kvasir.runtime.toy;

import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.PackedCodes;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.KernelDeclaration.Check;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.PackedFormat.Per;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Writes plans for the toy model with packed segments: one with all rows, and a ring. */
public final class PackedToyPlan {

  /** Bytes of an open page of either segment. */
  public static final long OPEN_PAGE_BYTES = 64 * 96 * 2;

  /** Bytes of a closed page of the segment with all rows: codes, then steps and mins. */
  public static final long FULL_PAGE_BYTES = 64 * 16 + 64 * 80 / 2 + 2 * (32 + 320) * 2;

  /** Bytes of a closed page of the ring. */
  public static final long RING_PAGE_BYTES = 64 * 16 / 2 + 64 * 80 + 2 * (64 + 320) * 2;

  private static final int FULL_HEADS = 2;
  private static final int PAGE = 64 * 96;
  private static final String ROWS = "rows(layer.1.ring)";

  private PackedToyPlan() {}

  /** {@return a plan for the model in {@code model}} */
  public static Plan of(Path model, int context, int span) throws IOException {
    Plan toy = ToyPlan.of(model, context, span);
    Map<String, byte[]> files = new HashMap<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, Class<?>> classes =
          Map.of(
              "store_full", PackedToyKernels.Store.class,
              "store_ring", PackedToyKernels.Store.class,
              "score_packed", PackedToyKernels.Score.class,
              "largest", ToyKernels.Largest.class);
      for (Map.Entry<String, Class<?>> kernel : classes.entrySet()) {
        files.put(
            JvmKernelAbi.entryName(kernel.getKey(), bits),
            ToyKernelFiles.renamed(kernel.getValue(), kernel.getKey(), bits));
      }
    }
    files.put(PlanFormat.CHECKS, checks());
    return new Plan(manifest(toy.manifest()), program(context), memory(context), files);
  }

  private static Manifest manifest(Manifest toy) {
    return new Manifest(
        toy.formatMajor(),
        toy.formatMinor(),
        toy.compilerVersion(),
        toy.target(),
        List.of("format.bf16", "format.f16", "format.u4", "format.u8"),
        toy.model(),
        toy.tokenizer(),
        toy.policy(),
        toy.context(),
        toy.span(),
        toy.pageRows(),
        toy.tiles());
  }

  private static Program program(int context) {
    int slots = slots(context);
    List<String> full =
        List.of("tokens", "table", "tails", "full.keys", "full.values", "full.scales");
    List<String> ring =
        List.of("tokens", "table", "tails", "ring.keys", "ring.values", "ring.scales");
    String ringTable = Integer.toString(FULL_HEADS * (slots + 1));
    List<Expression> fullDims =
        expressions("0", "position", "tokens", "position", "0", slots + "", "8", "32", "1", "4");
    List<Expression> ringDims =
        expressions(
            "0", "max(position - 4, 0)", ROWS, "position - 4", ringTable, "2", "4", "1", "16", "8");
    Step storeFull = launch("store_full", "2", full, fullDims);
    Step storeRing = launch("store_ring", "1", ring, ringDims);
    Step score =
        new Step.Launch(
            "score_packed",
            "logits",
            expressions("1"),
            List.of(
                "table",
                "tails",
                "full.keys",
                "full.values",
                "full.scales",
                "tails",
                "ring.keys",
                "ring.values",
                "ring.scales",
                "logits"),
            expressions("tokens", ROWS, slots + "", "2", ringTable, "100"));
    Step largest =
        new Step.Launch(
            "largest",
            "next token",
            expressions("1"),
            List.of("logits", "next"),
            expressions("256"));
    Step look = new Step.Observe("logits", "logits", Expression.constant(1), 1, 256, false);
    List<Step> steps = List.of(storeFull, storeRing, look, score, largest);
    return new Program(
        kernels(),
        segments(slots),
        List.of(
            new Procedure("prefill", steps),
            new Procedure("step", steps),
            new Procedure(
                "close_full", List.of(launch("store_full", "2", full, closing(fullDims)))),
            new Procedure(
                "close_ring",
                List.of(
                    new Step.Observe("closing", "logits", Expression.constant(1), 1, 1, false),
                    launch("store_ring", "1", ring, closing(ringDims))))),
        List.of(
            new Rule(Expression.parse("mod(tokens, 64) == 0"), "close_full"),
            new Rule(Expression.parse("mod(max(" + ROWS + ", 1), 64) == 0"), "close_ring")),
        List.of());
  }

  private static Step launch(
      String kernel, String heads, List<String> buffers, List<Expression> dims) {
    return new Step.Launch(kernel, kernel, expressions("1", heads), buffers, dims);
  }

  private static List<Expression> closing(List<Expression> dims) {
    Expression[] closing = dims.toArray(Expression[]::new);
    closing[0] = Expression.constant(1);
    return List.of(closing);
  }

  private static List<SegmentDeclaration> segments(int slots) {
    Packing full =
        new Packing(
            new PackedFormat(StorageFormat.U8, Per.CHANNEL, 32),
            new PackedFormat(StorageFormat.U4, Per.TOKEN, 16),
            "full.keys",
            "full.values",
            "full.scales");
    Packing ring =
        new Packing(
            new PackedFormat(StorageFormat.U4, Per.TOKEN, 16),
            new PackedFormat(StorageFormat.U8, Per.TOKEN, 16),
            "ring.keys",
            "ring.values",
            "ring.scales");
    return List.of(
        segment("layer.0.full", 0, List.of(0, 1), 0, slots, "tokens", 0, 0, full),
        segment(
            "layer.1.ring",
            1,
            List.of(1),
            FULL_HEADS * (slots + 1),
            PackedToyModel.RING_SLOTS,
            "max(tokens - 4, 0)",
            PackedToyModel.RING_FIRST,
            PackedToyModel.WINDOW,
            ring));
  }

  private static SegmentDeclaration segment(
      String name,
      int layer,
      List<Integer> heads,
      int tableOffset,
      int slots,
      String rows,
      int first,
      int window,
      Packing packing) {
    return new SegmentDeclaration(
        name,
        layer,
        heads,
        StorageFormat.BF16,
        PackedToyModel.KEY_DIM,
        PackedToyModel.VALUE_DIM,
        "tails",
        "table",
        tableOffset,
        slots,
        Expression.parse(rows),
        Expression.constant(first),
        window,
        Optional.of(packing),
        Optional.empty());
  }

  private static MemoryPlan memory(int context) {
    int pages = FULL_HEADS * slots(context);
    int entries = FULL_HEADS * (slots(context) + 1) + 3;
    Expression kvBytes =
        Expression.parse(
            "floordiv(tokens, 64) * %d + min(floordiv(max(tokens - 4, 0), 64), 2) * %d"
                    .formatted(FULL_HEADS * FULL_PAGE_BYTES, RING_PAGE_BYTES)
                + " + (min(tokens, 1) * 2 + min(max(tokens - 4, 0), 1)) * %d + %d"
                    .formatted(OPEN_PAGE_BYTES, entries * 4));
    return new MemoryPlan(
        List.of(
            pool("tails", StorageFormat.BF16, 3 * PAGE),
            pool("full.keys", StorageFormat.U8, pages * 1024),
            pool("full.values", StorageFormat.U4, pages * 5120),
            pool("full.scales", StorageFormat.F16, pages * 704),
            pool("ring.keys", StorageFormat.U4, 2 * 1024),
            pool("ring.values", StorageFormat.U8, 2 * 5120),
            pool("ring.scales", StorageFormat.F16, 2 * 768),
            buffer("table", Kind.TABLE, StorageFormat.I32, entries + "", 0),
            buffer("logits", Kind.SCRATCH, StorageFormat.F32, "256", 0),
            buffer("next", Kind.SCRATCH, StorageFormat.I32, "1", 1024),
            buffer("tokens", Kind.SCRATCH, StorageFormat.I32, "max_span", 1088)),
        kvBytes,
        Expression.parse("1088 + max_span * 4"));
  }

  private static List<KernelDeclaration> kernels() {
    return List.of(
        store("store_full", StorageFormat.U8, StorageFormat.U4, 704, List.of(8, 32, 1, 4)),
        store("store_ring", StorageFormat.U4, StorageFormat.U8, 768, List.of(4, 1, 16, 8)),
        new KernelDeclaration(
            "score_packed",
            "toy logits",
            List.of(
                read("table", StorageFormat.I32),
                read("full_tails", StorageFormat.BF16),
                read("full_keys", StorageFormat.U8),
                read("full_values", StorageFormat.U4),
                read("full_scales", StorageFormat.F16),
                read("ring_tails", StorageFormat.BF16),
                read("ring_keys", StorageFormat.U4),
                read("ring_values", StorageFormat.U8),
                read("ring_scales", StorageFormat.F16),
                new Argument("logits", StorageFormat.F32, true, false)),
            List.of("full_rows", "ring_rows", "full_slots", "ring_slots", "ring_table", "window"),
            1,
            1,
            0,
            new TreeMap<>(),
            new Check(
                List.of(1),
                List.of(65, 0, 1, 1, 0, 1),
                List.of(4, PAGE, 1024, 5120, 704, PAGE, 1024, 5120, 768, 256))),
        new KernelDeclaration(
            "largest",
            "toy argmax",
            List.of(
                read("logits", StorageFormat.F32),
                new Argument("next", StorageFormat.I32, true, false)),
            List.of("vocabulary"),
            1,
            0,
            0,
            new TreeMap<>(),
            new Check(List.of(1), List.of(3), List.of(3, 1))));
  }

  private static KernelDeclaration store(
      String name, StorageFormat key, StorageFormat value, int scales, List<Integer> formats) {
    List<Integer> dims = new ArrayList<>(List.of(1, 0, 64, 0, 0, 1));
    dims.addAll(formats);
    return new KernelDeclaration(
        name,
        "toy rows and codes",
        List.of(
            read("tokens", StorageFormat.I32),
            read("table", StorageFormat.I32),
            new Argument("tails", StorageFormat.BF16, true, true),
            new Argument("keys", key, true, true),
            new Argument("values", value, true, true),
            new Argument("scales", StorageFormat.F16, true, false)),
        List.of(
            "close",
            "before",
            "after",
            "first",
            "table_offset",
            "slots",
            "key_bits",
            "group_rows",
            "group_columns",
            "value_bits"),
        2,
        0,
        0,
        new TreeMap<>(),
        new Check(List.of(1, 1), dims, List.of(1, 2, PAGE, 2 * 1024, 2 * 5120, 2 * scales)));
  }

  /** Closes a page of threes into page 1; sums 64 rows that stand for 9 and one row of 2 and 2. */
  private static byte[] checks() {
    CheckVectors.Builder checks = new CheckVectors.Builder();
    PackedToyModel.Grid[][] grids = {
      {PackedToyModel.FULL_KEY, PackedToyModel.FULL_VALUE},
      {PackedToyModel.RING_KEY, PackedToyModel.RING_VALUE}
    };
    List<KernelDeclaration> kernels = kernels();
    for (int i = 0; i < 2; i++) {
      KernelDeclaration store = kernels.get(i);
      String name = store.name();
      float[] threes = new float[PAGE];
      Arrays.fill(threes, 3);
      checks
          .input(name, store.arguments().get(0), new int[1])
          .input(name, store.arguments().get(1), new int[] {1, 0})
          .input(name, store.arguments().get(2), new float[] {3})
          .output(name, store.arguments().get(2), threes);
      float[] scales = new float[store.check().elements().get(5)];
      Arrays.fill(scales, Float.NaN);
      int first = scales.length / 2;
      for (int part = 0; part < 2; part++) {
        Argument argument = store.arguments().get(3 + part);
        int dim = part == 0 ? PackedToyModel.KEY_DIM : PackedToyModel.VALUE_DIM;
        int[] before = new int[PackedCodes.blockElements(argument.format().bits())];
        Arrays.fill(before, 9);
        checks.input(name, argument, before);
        checks.output(name, argument, closed(grids[i][part], dim, scales, first));
        first += 2 * 64 * dim / grids[i][part].rows() / grids[i][part].columns();
      }
      checks.output(name, store.arguments().get(5), scales);
    }
    KernelDeclaration score = kernels.get(2);
    List<Argument> arguments = score.arguments();
    checks.input("score_packed", arguments.get(0), new int[] {0});
    for (int i = 0; i < 2; i++) {
      checks.input("score_packed", arguments.get(1 + 4 * i), new float[] {2});
      for (int part = 2; part < 4; part++) {
        Argument codes = arguments.get(part + 4 * i);
        int[] block = new int[PackedCodes.blockElements(codes.format().bits())];
        Arrays.fill(block, 3);
        checks.input("score_packed", codes, block);
      }
      checks.input("score_packed", arguments.get(4 + 4 * i), new float[] {1.125f});
    }
    // Row 64 is open and holds 2 and 2; the closed ones hold twice 1.125 * 3 + 1.125.
    int target = 4 * (64 % 7 + 1);
    for (int row = 0; row < 64; row++) {
      target += 9 * (row % 7 + 1);
    }
    float[] logits = new float[256];
    for (int v = 0; v < 256; v++) {
      logits[v] = -Math.abs(v - target % ToyModel.POISON_TOKEN);
    }
    checks.output("score_packed", arguments.getLast(), logits);
    KernelDeclaration largest = kernels.getLast();
    return checks
        .input("largest", largest.arguments().getFirst(), new float[] {1, 3, 2})
        .output("largest", largest.arguments().getLast(), new int[] {1})
        .toBytes();
  }

  /** {@return codes of page 0, as they were, and page 1, of rows of threes; fills in its scales} */
  private static int[] closed(PackedToyModel.Grid grid, int dim, float[] scales, int first) {
    int[] codes = new int[2 * 64 * dim];
    Arrays.fill(codes, 0, 64 * dim, 9);
    int groups = 64 * dim / grid.rows() / grid.columns();
    for (int row = 0; row < 64; row++) {
      for (int column = 0; column < dim; column++) {
        float step = grid.step(row, column);
        float min = grid.min(row, column);
        int tile = column / 64;
        int place =
            dim == PackedToyModel.KEY_DIM
                ? column * 64 + row
                : tile * 4096 + row * Math.min(64, dim - tile * 64) + column % 64;
        codes[64 * dim + place] = (int) ((3 - min) / step);
        int group =
            grid.columns() == 1
                ? row / grid.rows() * dim + column
                : column / grid.columns() * 64 + row;
        scales[first + group] = step;
        scales[first + groups + group] = min;
      }
    }
    return codes;
  }

  private static Argument read(String name, StorageFormat format) {
    return new Argument(name, format, false, true);
  }

  private static BufferDeclaration pool(String name, StorageFormat format, int elements) {
    return buffer(name, Kind.POOL, format, Integer.toString(elements), 0);
  }

  private static BufferDeclaration buffer(
      String name, Kind kind, StorageFormat format, String elements, long offset) {
    return new BufferDeclaration(
        name,
        kind,
        format,
        Expression.parse(elements),
        0,
        kind == Kind.SCRATCH ? 5 : 0,
        offset,
        "");
  }

  private static int slots(int context) {
    return Math.ceilDiv(context, 64);
  }

  private static List<Expression> expressions(String... texts) {
    return Arrays.stream(texts).map(Expression::parse).toList();
  }
}
