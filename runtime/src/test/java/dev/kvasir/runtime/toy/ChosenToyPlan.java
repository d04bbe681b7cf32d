package dev.kvasir.runtime.toy;

import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.Manifest;
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
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes plans for the toy model with chosen rows: a segment of those, packed or not, and a tail.
 *
 * @param packed whether closed pages of chosen rows are codes
 * @param accumulates whether a number beside the rows is kept as well
 * @param room rows that a plan has room for, by the mark
 */
public record ChosenToyPlan(boolean packed, boolean accumulates, String room) {

  /** Bytes of a page of rows. */
  public static final long PAGE_BYTES = 64 * 32 * 4;

  /** Bytes of a packed page: codes, then steps and mins. */
  public static final long PACKED_PAGE_BYTES = 2 * 64 * 16 + 2 * (32 + 64) * 2;

  /** Bytes of the page table and of the state. */
  public static final long RESIDENT_BYTES = 10 * 4 + (300 + 2 + 1) * 4;

  private static final String MARK = "chosen_100";
  private static final String ROOM =
      "min(min(%1$s, 150), max(floordiv(%1$s * 3, 4), 40))".formatted(MARK);
  private static final List<String> ROWS =
      List.of("tokens", "table", "pages", "keys", "values", "scales", "positions", "counts");

  /** {@return the plan of {@link ChosenToyModel}} */
  public static ChosenToyPlan of(boolean packed, boolean accumulates) {
    return new ChosenToyPlan(packed, accumulates, ROOM);
  }

  /** {@return the plan for the model in {@code model}} */
  public Plan write(Path model, int context, int span) throws IOException {
    Manifest toy = ToyPlan.of(model, context, span).manifest();
    Map<String, byte[]> files = new HashMap<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, Class<?>> classes =
          Map.of(
              "accumulate", ChosenToyKernels.Accumulate.class,
              "append_tail", ChosenToyKernels.Append.class,
              "choose", ChosenToyKernels.Candidates.class,
              "score_chosen", ChosenToyKernels.Candidates.class,
              "largest", ToyKernels.Largest.class);
      for (Map.Entry<String, Class<?>> kernel : classes.entrySet()) {
        files.put(
            JvmKernelAbi.entryName(kernel.getKey(), bits),
            ToyKernelFiles.renamed(kernel.getValue(), kernel.getKey(), bits));
      }
    }
    files.put(PlanFormat.CHECKS, checks());
    return new Plan(manifest(toy), program(), memory(), files);
  }

  private static Manifest manifest(Manifest toy) {
    return new Manifest(
        toy.formatMajor(),
        toy.formatMinor(),
        toy.compilerVersion(),
        toy.target(),
        List.of("format.f16", "format.u8"),
        toy.model(),
        toy.tokenizer(),
        toy.policy(),
        toy.context(),
        toy.span(),
        toy.pageRows(),
        toy.tiles());
  }

  private Program program() {
    Step accumulate =
        launch("accumulate", "1", List.of("tokens", "total"), List.of(accumulates ? "span" : "0"));
    Step largest = launch("largest", "1", List.of("logits", "next"), List.of("256"));
    List<Step> prefill =
        List.of(
            look("begun"),
            accumulate,
            score("position - " + MARK, "span"),
            largest,
            look("scored"),
            choose("position - " + MARK, "span", "tokens"),
            look("chosen"),
            largest,
            new Step.SetMark(MARK));
    List<Step> step =
        List.of(
            look("begun"),
            accumulate,
            launch2("append_tail", List.of("tokens", "table", "pages"), "position - " + MARK),
            look("appended"),
            score("tokens - " + MARK, "0"),
            largest);
    Mark mark = new Mark(MARK, ChosenToyModel.TAIL);
    return new Program(
        kernels(),
        segments(),
        List.of(
            new Procedure(Program.PREFILL, accumulates ? prefill : without(prefill, accumulate)),
            new Procedure(Program.STEP, accumulates ? step : without(step, accumulate)),
            new Procedure(
                "choose_again",
                List.of(choose("tokens - " + MARK, "0", "tokens"), new Step.SetMark(MARK)))),
        List.of(new Rule(mark.due(), "choose_again")),
        List.of(mark));
  }

  private static List<Step> without(List<Step> steps, Step one) {
    return steps.stream().filter(step -> step != one).toList();
  }

  private static Step look(String name) {
    return new Step.Observe(name, "logits", Expression.constant(1), 1, 1, false);
  }

  private Step score(String tail, String span) {
    List<String> buffers = new ArrayList<>(ROWS);
    buffers.addAll(List.of("total", "logits"));
    return launch(
        "score_chosen",
        "1",
        buffers,
        List.of("1", packed ? "1" : "0", MARK, tail, span, "position", "0"));
  }

  private Step choose(String tail, String span, String chosenFrom) {
    return new Step.Launch(
        "choose",
        "choice of rows",
        expressions("1", "2"),
        ROWS,
        expressions(
            "0", packed ? "1" : "0", MARK, tail, span, "position", ROOM.replace(MARK, chosenFrom)));
  }

  private static Step launch2(String kernel, List<String> buffers, String dim) {
    return new Step.Launch(kernel, kernel, expressions("1", "2"), buffers, expressions(dim));
  }

  private static Step launch(String kernel, String grid, List<String> buffers, List<String> dims) {
    return new Step.Launch(
        kernel, kernel, expressions(grid), buffers, dims.stream().map(Expression::parse).toList());
  }

  private List<SegmentDeclaration> segments() {
    Packing packing =
        new Packing(
            new PackedFormat(StorageFormat.U8, Per.CHANNEL, 32),
            new PackedFormat(StorageFormat.U8, Per.TOKEN, 16),
            "keys",
            "values",
            "scales");
    return List.of(
        new SegmentDeclaration(
            "layer.1.kept",
            1,
            List.of(0, 1),
            StorageFormat.F32,
            ChosenToyModel.DIM,
            ChosenToyModel.DIM,
            "pages",
            "table",
            0,
            packed ? 2 : 3,
            Expression.parse(room),
            Expression.constant(0),
            0,
            packed ? Optional.of(packing) : Optional.empty(),
            Optional.of(new Chosen("positions", 0, 150, "counts", 0, 1))),
        new SegmentDeclaration(
            "layer.1.tail",
            1,
            List.of(0, 1),
            StorageFormat.F32,
            ChosenToyModel.DIM,
            ChosenToyModel.DIM,
            "pages",
            "table",
            6,
            2,
            Expression.parse("tokens - " + MARK),
            Expression.counter(MARK),
            0,
            Optional.empty(),
            Optional.empty()));
  }

  private MemoryPlan memory() {
    String kept =
        packed
            ? "%d * floordiv(%s, 64) + %d * min(%s, 1)"
                .formatted(2 * PACKED_PAGE_BYTES, room, 2 * PAGE_BYTES, room)
            : "%d * ceildiv(%s, 64)".formatted(2 * PAGE_BYTES, room);
    Kind codes = packed ? Kind.POOL : Kind.SCRATCH;
    return new MemoryPlan(
        List.of(
            buffer("pages", Kind.POOL, StorageFormat.F32, packed ? 6 * 2048 : 10 * 2048, 0),
            buffer("keys", codes, StorageFormat.U8, 4 * 1024, 4096),
            buffer("values", codes, StorageFormat.U8, 4 * 1024, 8192),
            buffer("scales", codes, StorageFormat.F16, 4 * 192, 12288),
            buffer("table", Kind.TABLE, StorageFormat.I32, 10, 0),
            buffer("positions", Kind.STATE, StorageFormat.I32, 300, 0),
            buffer("counts", Kind.STATE, StorageFormat.I32, 2, 0),
            buffer("total", Kind.STATE, StorageFormat.I32, 1, 0),
            buffer("logits", Kind.SCRATCH, StorageFormat.F32, 256, 0),
            buffer("next", Kind.SCRATCH, StorageFormat.I32, 1, 1024),
            buffer("tokens", Kind.SCRATCH, StorageFormat.I32, 512, 1088)),
        Expression.parse(
            "%s + %d * ceildiv(tokens - %s, 64) + %d"
                .formatted(kept, 2 * PAGE_BYTES, MARK, RESIDENT_BYTES)),
        Expression.constant(1 << 14));
  }

  private static List<KernelDeclaration> kernels() {
    List<Argument> rows = new ArrayList<>();
    rows.add(argument("tokens", StorageFormat.I32, false));
    rows.add(argument("table", StorageFormat.I32, false));
    for (boolean written : new boolean[] {true, false}) {
      rows.add(argument("pages", StorageFormat.F32, written));
      rows.add(argument("keys", StorageFormat.U8, written));
      rows.add(argument("values", StorageFormat.U8, written));
      rows.add(argument("scales", StorageFormat.F16, written));
      rows.add(argument("positions", StorageFormat.I32, written));
      rows.add(argument("counts", StorageFormat.I32, written));
    }
    List<Argument> read = new ArrayList<>(rows.subList(0, 2));
    read.addAll(rows.subList(8, 14));
    read.add(argument("total", StorageFormat.I32, false));
    read.add(new Argument("logits", StorageFormat.F32, true, false));
    List<String> dims = List.of("sum", "packed", "mark", "tail", "span", "position", "room");
    return List.of(
        kernel(
            "accumulate",
            List.of(
                argument("tokens", StorageFormat.I32, false),
                argument("total", StorageFormat.I32, true)),
            List.of("span"),
            0,
            new Check(List.of(1), List.of(2), List.of(2, 1))),
        kernel(
            "append_tail",
            List.of(
                argument("tokens", StorageFormat.I32, false),
                argument("table", StorageFormat.I32, false),
                argument("pages", StorageFormat.F32, true)),
            List.of("row"),
            0,
            new Check(List.of(1, 1), List.of(0), List.of(1, 7, 2048))),
        kernel(
            "choose",
            rows.subList(0, 8),
            dims,
            3 + 150 * 3,
            new Check(
                List.of(1, 1), List.of(0, 0, 0, 0, 0, 0, 0), List.of(1, 1, 1, 64, 64, 1, 1, 1))),
        kernel(
            "score_chosen",
            read,
            dims,
            3,
            new Check(
                List.of(1),
                List.of(1, 0, 0, 0, 1, 0, 0),
                List.of(1, 1, 1, 64, 64, 1, 1, 2, 1, 256))),
        kernel(
            "largest",
            List.of(
                argument("logits", StorageFormat.F32, false),
                new Argument("next", StorageFormat.I32, true, false)),
            List.of("vocabulary"),
            0,
            new Check(List.of(1), List.of(3), List.of(3, 1))));
  }

  private static KernelDeclaration kernel(
      String name, List<Argument> arguments, List<String> dims, int tileFloats, Check check) {
    return new KernelDeclaration(
        name,
        "toy " + name,
        arguments,
        dims,
        check.grid().size(),
        tileFloats,
        0,
        new TreeMap<>(),
        check);
  }

  /** Sums two tokens, writes a row, chooses from nothing, and scores one row of token 5. */
  private static byte[] checks() {
    CheckVectors.Builder checks = new CheckVectors.Builder();
    List<KernelDeclaration> kernels = kernels();
    List<Argument> sums = kernels.get(0).arguments();
    checks
        .input("accumulate", sums.get(0), new int[] {4, 5})
        .input("accumulate", sums.get(1), new int[] {1})
        .output("accumulate", sums.get(1), new int[] {10});
    List<Argument> append = kernels.get(1).arguments();
    float[] page = new float[2048];
    for (int column = 0; column < ChosenToyModel.DIM; column++) {
      page[column * 16] = 5 + column;
      page[1024 + column] = 15 + column;
    }
    checks
        .input("append_tail", append.get(0), new int[] {5})
        .input("append_tail", append.get(1), new int[] {0})
        .input("append_tail", append.get(2), new float[] {0})
        .output("append_tail", append.get(2), page);
    for (int number = 2; number < 4; number++) {
      KernelDeclaration kernel = kernels.get(number);
      for (int i = 0; i < ROWS.size(); i++) {
        Argument argument = kernel.arguments().get(i);
        if (argument.format() == StorageFormat.F32 || argument.format() == StorageFormat.F16) {
          checks.input(kernel.name(), argument, new float[] {7});
        } else {
          int[] same = new int[argument.format() == StorageFormat.U8 ? 64 : 1];
          Arrays.fill(same, argument.name().equals("tokens") ? 5 : 0);
          checks.input(kernel.name(), argument, same);
        }
        if (argument.written()) {
          int elements = kernel.check().elements().get(i);
          float[] sevens = new float[elements];
          Arrays.fill(sevens, 7);
          if (argument.format() == StorageFormat.F32 || argument.format() == StorageFormat.F16) {
            checks.output(kernel.name(), argument, sevens);
          } else {
            checks.output(kernel.name(), argument, new int[elements]);
          }
        }
      }
    }
    List<Argument> score = kernels.get(3).arguments();
    float[] logits = new float[256];
    for (int v = 0; v < logits.length; v++) {
      // Keys of 5 and 12, values of 15 and 16.
      logits[v] = -Math.abs(v - 48);
    }
    return checks
        .input("score_chosen", score.get(8), new int[] {0})
        .output("score_chosen", score.get(9), logits)
        .input("largest", kernels.get(4).arguments().getFirst(), new float[] {1, 3, 2})
        .output("largest", kernels.get(4).arguments().getLast(), new int[] {1})
        .toBytes();
  }

  private static Argument argument(String name, StorageFormat format, boolean written) {
    return new Argument(name, format, written, true);
  }

  private static BufferDeclaration buffer(
      String name, Kind kind, StorageFormat format, int elements, long offset) {
    boolean scratch = kind == Kind.SCRATCH;
    return new BufferDeclaration(
        name,
        kind,
        format,
        Expression.constant(elements),
        0,
        scratch ? 9 : 0,
        scratch ? offset : 0,
        "");
  }

  private static List<Expression> expressions(String... texts) {
    return Arrays.stream(texts).map(Expression::parse).toList();
  }
}
