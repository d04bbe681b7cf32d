package dev.kvasir.runtime.toy;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Writes plans for the toy model: a full segment in f32 and a ring in bf16. */
public final class ToyPlan {

  /** Cache rows of a page. */
  public static final int PAGE_ROWS = 64;

  /** Bytes of a page of the full segment. */
  public static final long FULL_PAGE_BYTES =
      PAGE_ROWS * (ToyModel.KEY_DIM + ToyModel.VALUE_DIM) * 4L;

  /** Bytes of a page of the ring. */
  public static final long RING_PAGE_BYTES =
      PAGE_ROWS * (ToyModel.KEY_DIM + ToyModel.VALUE_DIM) * 2L;

  private static final int FULL_HEADS = 2;
  private static final String EMPTY_SHA256 =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  private ToyPlan() {}

  /** {@return a plan for the model in {@code model}} */
  public static Plan of(Path model, int context, int span) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      ToyKernelFiles.all(bits)
          .forEach((name, bytes) -> files.put(JvmKernelAbi.entryName(name, bits), bytes));
    }
    files.put(PlanFormat.CHECKS, ToyChecks.vectors().toBytes());
    files.put(
        PlanFormat.WEIGHTS,
        new SafetensorsWriter().addFloats("toy.scale", new float[] {2}, 1).toBytes());
    return new Plan(manifest(model, context, span), program(context), memory(context), files);
  }

  private static Manifest manifest(Path model, int context, int span) throws IOException {
    Manifest.ModelReference reference =
        new Manifest.ModelReference(
            "toy",
            ModelFingerprint.of(model).value(),
            Optional.of(ModelFingerprint.fullHash(model)),
            "toy",
            2,
            FULL_HEADS,
            FULL_HEADS,
            ToyModel.KEY_DIM,
            ToyModel.VALUE_DIM,
            ToyModel.VOCABULARY,
            1,
            10_000,
            "half",
            List.of(ToyModel.END_TOKEN));
    return new Manifest(
        PlanFormat.MAJOR,
        PlanFormat.MINOR,
        "0",
        "jvm",
        List.of("format.bf16"),
        reference,
        Manifest.TokenizerFacts.bytes(),
        new Manifest.PolicyRecord("toy", "", EMPTY_SHA256, "{}"),
        context,
        span,
        PAGE_ROWS,
        new TreeMap<>(Map.of("rows-per-split", PAGE_ROWS)));
  }

  private static Program program(int context) {
    Step embed =
        new Step.Launch(
            "embed", "embedding", expressions("1", "span"), List.of("tokens", "x"), List.of());
    Step show = new Step.Observe("layer.0.q", "x", Expression.parse("span"), 2, 3, false);
    Step appendFull =
        new Step.Launch(
            "append_f32",
            "layer.0 append",
            expressions("1", "2", "span"),
            List.of("tokens", "full.table", "full.pool"),
            expressions("position", "tokens", Integer.toString(slots(context)), "3", "70", "0"));
    Step appendRing =
        new Step.Launch(
            "append_bf16",
            "layer.1 append",
            expressions("1", "1", "span"),
            List.of("tokens", "ring.table", "ring.pool"),
            expressions("position - 4", "rows(layer.1.ring)", "3", "3", "70", "1"));
    Step score =
        new Step.Launch(
            "score",
            "logits",
            expressions("1", "16"),
            List.of(
                "full.table", "full.pool", "ring.table", "ring.pool", "bias", "scale", "logits"),
            expressions(
                "tokens",
                "rows(layer.1.ring)",
                Integer.toString(slots(context)),
                "3",
                "100",
                Integer.toString(PAGE_ROWS * 73)));
    Step largest =
        new Step.Launch(
            "largest",
            "next token",
            expressions("1"),
            List.of("logits", "next"),
            expressions("256"));
    Step closed = new Step.Observe("closed", "logits", Expression.constant(1), 1, 256, false);
    return new Program(
        ToyChecks.declarations(),
        segments(context),
        List.of(
            new Procedure("layers", List.of(embed, show, appendFull, appendRing)),
            new Procedure("prefill", List.of(new Step.Call("layers"), score, largest)),
            new Procedure("step", List.of(new Step.Call("layers"), score, largest)),
            new Procedure("close_page", List.of(closed))),
        List.of(new Rule(Expression.parse("mod(tokens, 64) == 0"), "close_page")),
        List.of());
  }

  private static List<SegmentDeclaration> segments(int context) {
    return List.of(
        new SegmentDeclaration(
            "layer.0.full",
            0,
            List.of(0, 1),
            StorageFormat.F32,
            ToyModel.KEY_DIM,
            ToyModel.VALUE_DIM,
            "full.pool",
            "full.table",
            0,
            slots(context),
            Expression.parse("tokens"),
            Expression.constant(0),
            0,
            Optional.empty(),
            Optional.empty()),
        new SegmentDeclaration(
            "layer.1.ring",
            1,
            List.of(1),
            StorageFormat.BF16,
            ToyModel.KEY_DIM,
            ToyModel.VALUE_DIM,
            "ring.pool",
            "ring.table",
            0,
            ToyModel.RING_SLOTS,
            Expression.parse("max(tokens - 4, 0)"),
            Expression.constant(ToyModel.RING_FIRST),
            ToyModel.WINDOW,
            Optional.empty(),
            Optional.empty()));
  }

  private static MemoryPlan memory(int context) {
    int fullSlots = slots(context) * FULL_HEADS;
    long fullPages = (long) fullSlots * PAGE_ROWS * 73;
    long ringPages = (long) ToyModel.RING_SLOTS * PAGE_ROWS * 73;
    Expression kvBytes =
        Expression.parse(
            "ceildiv(tokens, 64) * %d + min(ceildiv(max(tokens - 4, 0), 64), 3) * %d + %d"
                .formatted(FULL_PAGE_BYTES * FULL_HEADS, RING_PAGE_BYTES, (fullSlots + 3) * 4));
    List<BufferDeclaration> buffers =
        List.of(
            buffer("bias", Kind.WEIGHT, StorageFormat.F32, "256", 0, "bias"),
            buffer("scale", Kind.DERIVED, StorageFormat.F32, "1", 0, "toy.scale"),
            buffer("full.pool", Kind.POOL, StorageFormat.F32, Long.toString(fullPages), 0, ""),
            buffer("ring.pool", Kind.POOL, StorageFormat.BF16, Long.toString(ringPages), 0, ""),
            buffer("full.table", Kind.TABLE, StorageFormat.I32, Integer.toString(fullSlots), 0, ""),
            buffer("ring.table", Kind.TABLE, StorageFormat.I32, "3", 0, ""),
            buffer("logits", Kind.SCRATCH, StorageFormat.F32, "256", 0, ""),
            buffer("next", Kind.SCRATCH, StorageFormat.I32, "1", 1024, ""),
            buffer("x", Kind.SCRATCH, StorageFormat.F32, "max_span * 6", 1088, ""),
            buffer("tokens", Kind.SCRATCH, StorageFormat.I32, "max_span", 1 << 16, ""));
    return new MemoryPlan(buffers, kvBytes, Expression.parse("65536 + max_span * 4"));
  }

  private static int slots(int context) {
    return Math.ceilDiv(context, PAGE_ROWS);
  }

  private static BufferDeclaration buffer(
      String name, Kind kind, StorageFormat format, String elements, long offset, String tensor) {
    int lastUse = kind == Kind.SCRATCH ? 4 : 0;
    return new BufferDeclaration(
        name, kind, format, Expression.parse(elements), 0, lastUse, offset, tensor);
  }

  private static List<Expression> expressions(String... texts) {
    return List.of(texts).stream().map(Expression::parse).toList();
  }
}
