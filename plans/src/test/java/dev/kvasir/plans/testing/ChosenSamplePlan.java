package dev.kvasir.plans.testing;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Manifest.ModelReference;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The sample plan with chosen rows and a tail in its second layer, which has two KV heads. */
public final class ChosenSamplePlan {

  private static final String MARK = "selected_80";
  private static final int DIM = 8;

  private ChosenSamplePlan() {}

  /** {@return the plan} */
  public static Plan plan() {
    return new Plan(manifest(), program(), memory(), SamplePlan.files());
  }

  private static Manifest manifest() {
    Manifest sample = SamplePlan.manifest();
    ModelReference model = sample.model();
    return new Manifest(
        sample.formatMajor(),
        sample.formatMinor(),
        sample.compilerVersion(),
        sample.target(),
        sample.features(),
        new ModelReference(
            model.name(),
            model.fingerprint(),
            model.fullHash(),
            model.pathHint(),
            model.layers(),
            2,
            2,
            model.keyDim(),
            model.valueDim(),
            model.vocabulary(),
            model.softmaxScale(),
            model.ropeTheta(),
            model.ropeStyle(),
            model.endTokens()),
        sample.tokenizer(),
        sample.policy(),
        sample.context(),
        sample.span(),
        sample.pageRows(),
        sample.tiles());
  }

  private static Program program() {
    Program sample = SamplePlan.program();
    List<Procedure> procedures = new ArrayList<>();
    for (Procedure procedure : sample.procedures()) {
      List<Step> steps = new ArrayList<>(procedure.steps());
      if (procedure.name().equals(Program.PREFILL)) {
        steps.add(look("position - " + MARK));
        steps.add(new Step.SetMark(MARK));
      } else if (procedure.name().equals(Program.STEP)) {
        steps.add(look("tokens - " + MARK));
      }
      procedures.add(new Procedure(procedure.name(), steps));
    }
    Mark mark = new Mark(MARK, 80);
    // What runs at one age alone may rely on it.
    procedures.add(
        new Procedure(
            "select", List.of(look("2 * (tokens - " + MARK + ") - 40"), new Step.SetMark(MARK))));
    List<Rule> rules = new ArrayList<>(sample.rules());
    rules.add(new Rule(mark.due(), "select"));
    return new Program(
        sample.kernels(),
        List.of(
            sample.segments().getFirst(),
            segment(
                "layer.1.kept",
                0,
                "min(" + MARK + ", 70)",
                "0",
                Optional.of(new Chosen("positions", 10, 70, "counts", 1, 1))),
            segment("layer.1.tail", 4, "tokens - " + MARK, MARK, Optional.empty())),
        procedures,
        rules,
        List.of(mark));
  }

  private static Step look(String rows) {
    return new Step.Observe("layer.1.q", "hidden", Expression.parse(rows), 2, DIM / 2, false);
  }

  private static MemoryPlan memory() {
    MemoryPlan sample = SamplePlan.memory();
    List<BufferDeclaration> buffers = new ArrayList<>(sample.buffers());
    buffers.add(buffer("kept_pages", Kind.POOL, StorageFormat.F32, "8 * 1024"));
    buffers.add(buffer("kept_table", Kind.TABLE, StorageFormat.I32, "8"));
    buffers.add(buffer("positions", Kind.STATE, StorageFormat.I32, "150"));
    buffers.add(buffer("counts", Kind.STATE, StorageFormat.I32, "3"));
    return new MemoryPlan(
        buffers,
        Expression.parse(
            "4096 * min(ceildiv(tokens, 64), 4) + 8192 * ceildiv(min(selected_80, 70), 64)"
                + " + 8192 * ceildiv(tokens - selected_80, 64) + 672"),
        sample.scratchBytes());
  }

  private static BufferDeclaration buffer(
      String name, Kind kind, StorageFormat format, String elements) {
    return SamplePlan.buffer(name, kind, format, elements, 0, 0, 0, "");
  }

  private static SegmentDeclaration segment(
      String name, int offset, String rows, String first, Optional<Chosen> chosen) {
    return new SegmentDeclaration(
        name,
        1,
        List.of(0, 1),
        StorageFormat.F32,
        DIM,
        DIM,
        "kept_pages",
        "kept_table",
        offset,
        2,
        Expression.parse(rows),
        Expression.parse(first),
        0,
        Optional.empty(),
        chosen);
  }
}
