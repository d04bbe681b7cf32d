package dev.kvasir.plans.testing;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.PackedFormat.Per;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The sample plan with packed segments: one with all rows, and one that reuses two pages beside a
 * sink whose pages come from the pool of the open pages.
 */
public final class PackedSamplePlan {

  private static final int KEY_DIM = 32;
  private static final int VALUE_DIM = 16;
  private static final Packing PACKING =
      new Packing(
          new PackedFormat(StorageFormat.U8, Per.CHANNEL, 32),
          new PackedFormat(StorageFormat.U4, Per.TOKEN, 16),
          "key_codes",
          "value_codes",
          "scales");

  private PackedSamplePlan() {}

  /** {@return the plan} */
  public static Plan plan() {
    return new Plan(SamplePlan.manifest(), program(), memory(), SamplePlan.files());
  }

  private static Program program() {
    Program sample = SamplePlan.program();
    List<Procedure> procedures = new ArrayList<>(sample.procedures());
    List<Step> prefill = new ArrayList<>(procedures.getFirst().steps());
    prefill.add(
        new Step.Require(
            "next", Expression.parse("min(span, 1)"), "the next token is not 0; ask for it"));
    procedures.set(0, new Procedure(Program.PREFILL, prefill));
    return new Program(
        sample.kernels(),
        List.of(
            segment("layer.0.full", 0, 0, 4, "tokens", Optional.of(PACKING)),
            segment("layer.1.sink", 1, 5, 1, "min(tokens, 64)", Optional.empty()),
            segment("layer.1.ring", 1, 6, 2, "max(tokens - 64, 0)", Optional.of(PACKING))),
        procedures,
        sample.rules(),
        sample.marks());
  }

  private static MemoryPlan memory() {
    MemoryPlan sample = SamplePlan.memory();
    List<BufferDeclaration> buffers = new ArrayList<>(sample.buffers());
    buffers.add(pool("tails", StorageFormat.BF16, "3 * 3072"));
    buffers.add(pool("key_codes", StorageFormat.U8, "6 * 2048"));
    buffers.add(pool("value_codes", StorageFormat.U4, "6 * 1024"));
    buffers.add(pool("scales", StorageFormat.F16, "6 * 256"));
    buffers.add(SamplePlan.buffer("packed_table", Kind.TABLE, StorageFormat.I32, "9", 0, 0, 0, ""));
    // Packed pages have 2048 + 512 + 512 bytes, open ones and the sink's 6144.
    return new MemoryPlan(
        buffers,
        Expression.parse(
            "3072 * floordiv(tokens, 64) + 3072 * floordiv(max(tokens - 64, 0), 64)"
                + " + 6144 * (2 * min(tokens, 1) + min(max(tokens - 64, 0), 1)) + 64"),
        sample.scratchBytes());
  }

  private static BufferDeclaration pool(String name, StorageFormat format, String elements) {
    return SamplePlan.buffer(name, Kind.POOL, format, elements, 0, 0, 0, "");
  }

  private static SegmentDeclaration segment(
      String name, int layer, int offset, int slots, String rows, Optional<Packing> packing) {
    return new SegmentDeclaration(
        name,
        layer,
        List.of(0),
        StorageFormat.BF16,
        KEY_DIM,
        VALUE_DIM,
        "tails",
        "packed_table",
        offset,
        slots,
        Expression.parse(rows),
        Expression.constant(0),
        0,
        packing,
        Optional.empty());
  }
}
