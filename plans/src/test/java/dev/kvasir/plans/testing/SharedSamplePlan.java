package dev.kvasir.plans.testing;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The sample plan whose two layers share rows of two KV heads, of which one retains some; of all
 * rows, or of chosen ones.
 */
public final class SharedSamplePlan {

  private static final String MARK = "selected_80";
  private static final int DIM = 8;

  private SharedSamplePlan() {}

  /** {@return the plan} */
  public static Plan plan() {
    return plan(Optional.empty(), Optional.empty());
  }

  /** {@return the plan with one list of chosen rows; each head retains its own number of them} */
  public static Plan chosen() {
    return plan(
        Optional.of(new Chosen("positions", 0, 0, "counts", 0, 0)),
        Optional.of(new Beside.Counts("counts", 1, 1)));
  }

  private static Plan plan(Optional<Chosen> lists, Optional<Beside.Counts> counts) {
    Plan chosen = ChosenSamplePlan.plan();
    Program program = chosen.program();
    SegmentDeclaration shared =
        segment("layer.0.shared", 0, 0, 2, "min(%s, 128)".formatted(MARK), lists)
            .withBeside(new Beside.Norms("norms", 4, 0, 64, Optional.empty()));
    SegmentDeclaration other =
        shared
            .of("layer.1.shared", 1)
            .withBeside(new Beside.Norms("norms", 4, 128, 192, Optional.of("layer.0.shared")));
    SegmentDeclaration retained =
        segment(
                "layer.1.retained",
                1,
                8,
                1,
                "min(ceildiv(%s, 20), 64)".formatted(MARK),
                Optional.empty())
            .withBeside(new Beside.Positions("retained_positions", 10, counts));
    return new Plan(
        chosen.manifest(),
        new Program(
            program.kernels(),
            List.of(program.segments().getFirst(), shared, other, retained),
            program.procedures(),
            program.rules(),
            program.marks()),
        memory(lists.isPresent()),
        chosen.files());
  }

  private static MemoryPlan memory(boolean listed) {
    MemoryPlan sample = SamplePlan.memory();
    List<BufferDeclaration> buffers = new ArrayList<>(sample.buffers());
    buffers.add(buffer("shared_pages", Kind.POOL, StorageFormat.F32, "6 * 1024"));
    buffers.add(buffer("norms", Kind.POOL, StorageFormat.F16, "4 * 256"));
    buffers.add(buffer("retained_positions", Kind.POOL, StorageFormat.I32, "2 * 64"));
    buffers.add(buffer("shared_table", Kind.TABLE, StorageFormat.I32, "12"));
    if (listed) {
      buffers.add(buffer("positions", Kind.STATE, StorageFormat.I32, "128"));
      buffers.add(buffer("counts", Kind.STATE, StorageFormat.I32, "3"));
    }
    return new MemoryPlan(
        buffers,
        Expression.parse(
            "4096 * min(ceildiv(tokens, 64), 4) + 9216 * ceildiv(min(selected_80, 128), 64)"
                + " + 8704 * ceildiv(min(ceildiv(selected_80, 20), 64), 64) + "
                + (listed ? 76 + 131 * 4 : 76)),
        sample.scratchBytes());
  }

  private static BufferDeclaration buffer(
      String name, Kind kind, StorageFormat format, String elements) {
    return SamplePlan.buffer(name, kind, format, elements, 0, 0, 0, "");
  }

  private static SegmentDeclaration segment(
      String name, int layer, int offset, int slots, String rows, Optional<Chosen> chosen) {
    return new SegmentDeclaration(
        name,
        layer,
        List.of(0, 1),
        StorageFormat.F32,
        DIM,
        DIM,
        "shared_pages",
        "shared_table",
        offset,
        slots,
        Expression.parse(rows),
        Expression.parse("0"),
        0,
        Optional.empty(),
        chosen);
  }
}
