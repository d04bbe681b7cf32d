package dev.kvasir.plans.testing;

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
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A small plan that uses every part of the format: two layers, one with all rows and one with sink
 * and ring, three kernels whose class files are no classes. It is consistent; a test replaces one
 * part and expects a refusal.
 */
public final class SamplePlan {

  /** Most true tokens. */
  public static final int CONTEXT = 200;

  /** Most rows of a span. */
  public static final int SPAN = 128;

  private static final int VOCABULARY = 32;
  private static final int DIM = 8;
  private static final int PAGE_ELEMENTS = 64 * 2 * DIM;
  private static final String POLICY = "policy sample { use group-heads(retrieval = [0]); }\n";
  private static final String POLICY_SHA256 =
      "8241f0ecc24293ac6d7dad9d428c785bb75ddef9234905a8ec37a0cc465442e6";

  private SamplePlan() {}

  /** {@return the plan} */
  public static Plan plan() {
    return new Plan(manifest(), program(), memory(), files());
  }

  /** {@return its manifest} */
  public static Manifest manifest() {
    return new Manifest(
        PlanFormat.MAJOR,
        PlanFormat.MINOR,
        "0.1.0",
        "jvm",
        List.of("format.f32"),
        new Manifest.ModelReference(
            "sample",
            "0123456789abcdef".repeat(4),
            Optional.empty(),
            "../models/sample",
            2,
            2,
            1,
            DIM,
            DIM,
            VOCABULARY,
            0.35355339059327373,
            10_000.0,
            "half",
            List.of(0)),
        Manifest.TokenizerFacts.bytes(),
        new Manifest.PolicyRecord("sample", POLICY, POLICY_SHA256, "{\"retrieval\":[0]}"),
        CONTEXT,
        SPAN,
        64,
        new TreeMap<>(Map.of("rows-per-split", 256, "prefill-tokens", 8)));
  }

  /** {@return its program} */
  public static Program program() {
    Step embed =
        launch("embed", List.of("1", "span"), List.of("tokens", "embedding", "hidden"), List.of());
    Step attend =
        launch(
            "attend",
            List.of("1", "ceildiv(tokens, 256)"),
            List.of("hidden", "pages", "page_table"),
            List.of("position", "tokens - min(tokens, 64)"));
    Step predict =
        launch(
            "predict",
            List.of("1"),
            List.of("hidden", "final_norm", "logits", "next"),
            List.of("span - 1"));
    Step observe =
        new Step.Observe("layer.0.q", "hidden", Expression.parse("span"), 2, DIM / 2, false);
    return new Program(
        List.of(
            kernel(
                "embed",
                2,
                List.of(),
                List.of(
                    new Argument("tokens", StorageFormat.I32, false, true),
                    new Argument("rows", StorageFormat.BF16, false, true),
                    new Argument("hidden", StorageFormat.F32, true, false))),
            kernel(
                "attend",
                2,
                List.of("position", "oldest"),
                List.of(
                    new Argument("hidden", StorageFormat.F32, true, true),
                    new Argument("pages", StorageFormat.F32, true, true),
                    new Argument("table", StorageFormat.I32, false, true))),
            kernel(
                "predict",
                1,
                List.of("row"),
                List.of(
                    new Argument("hidden", StorageFormat.F32, false, true),
                    new Argument("norm", StorageFormat.F32, false, true),
                    new Argument("logits", StorageFormat.F32, true, false),
                    new Argument("next", StorageFormat.I32, true, false)))),
        List.of(
            segment("layer.0.full", 0, 0, 4, "tokens", 0, 0),
            segment("layer.1.sink", 1, 4, 1, "min(tokens, 64)", 0, 0),
            segment("layer.1.ring", 1, 5, 2, "tokens - rows(layer.1.sink)", 64, 64)),
        List.of(
            new Procedure(
                Program.PREFILL, List.of(embed, new Step.Call("layers"), observe, predict)),
            new Procedure(Program.STEP, List.of(embed, new Step.Call("layers"), predict)),
            new Procedure("layers", List.of(attend)),
            new Procedure("close_page", List.of())),
        List.of(new Rule(Expression.parse("mod(rows(layer.0.full), 64) == 0"), "close_page")),
        List.of());
  }

  /** {@return its memory plan} */
  public static MemoryPlan memory() {
    return new MemoryPlan(
        List.of(
            buffer("embedding", Kind.WEIGHT, StorageFormat.BF16, "256", 0, 0, 0, "embed.weight"),
            buffer("final_norm", Kind.DERIVED, StorageFormat.F32, "8", 0, 0, 0, "norm.folded"),
            buffer("pages", Kind.POOL, StorageFormat.F32, "7 * " + PAGE_ELEMENTS, 0, 0, 0, ""),
            buffer("page_table", Kind.TABLE, StorageFormat.I32, "7", 0, 0, 0, ""),
            buffer("tokens", Kind.SCRATCH, StorageFormat.I32, "max_span", 0, 0, 0, ""),
            buffer("hidden", Kind.SCRATCH, StorageFormat.F32, "max_span * 8", 0, 2, 512, ""),
            buffer("logits", Kind.SCRATCH, StorageFormat.F32, "32", 2, 3, 0, ""),
            buffer("next", Kind.SCRATCH, StorageFormat.I32, "1", 2, 3, 4_608, "")),
        Expression.parse(
            "4096 * min(ceildiv(tokens, 64), 4) + 4096 * min(tokens, 1)"
                + " + 4096 * min(ceildiv(max(tokens - 64, 0), 64), 2) + 28"),
        Expression.parse("512 + max_span * 32 + 64"));
  }

  /** {@return its other entries, to be changed freely} */
  public static Map<String, byte[]> files() {
    Map<String, byte[]> files = new HashMap<>();
    for (KernelDeclaration kernel : program().kernels()) {
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        files.put(
            JvmKernelAbi.entryName(kernel.name(), bits),
            (kernel.name() + " " + bits).getBytes(StandardCharsets.UTF_8));
      }
    }
    files.put(PlanFormat.CHECKS, checks(program().kernels()));
    files.put(
        PlanFormat.WEIGHTS,
        new SafetensorsWriter().addFloats("norm.folded", new float[DIM], DIM).toBytes());
    files.put("graph.kvir", "graph\n".getBytes(StandardCharsets.UTF_8));
    return files;
  }

  /** {@return check vectors of two elements for each argument} */
  public static byte[] checks(List<KernelDeclaration> kernels) {
    CheckVectors.Builder checks = new CheckVectors.Builder();
    for (KernelDeclaration kernel : kernels) {
      for (Argument argument : kernel.arguments()) {
        addChecks(checks, kernel.name(), argument);
      }
    }
    return checks.toBytes();
  }

  /** {@return a buffer} */
  public static BufferDeclaration buffer(
      String name,
      Kind kind,
      StorageFormat format,
      String elements,
      int firstUse,
      int lastUse,
      long offset,
      String tensor) {
    return new BufferDeclaration(
        name, kind, format, Expression.parse(elements), firstUse, lastUse, offset, tensor);
  }

  /** {@return a launch} */
  public static Step.Launch launch(
      String kernel, List<String> grid, List<String> buffers, List<String> dims) {
    return new Step.Launch(
        kernel,
        kernel,
        grid.stream().map(Expression::parse).toList(),
        buffers,
        dims.stream().map(Expression::parse).toList());
  }

  private static KernelDeclaration kernel(
      String name, int axes, List<String> dims, List<Argument> arguments) {
    return new KernelDeclaration(
        name,
        "what " + name + " does",
        arguments,
        dims,
        axes,
        64,
        0,
        new TreeMap<>(Map.of("rows-per-split", 256)),
        new KernelDeclaration.Check(
            Collections.nCopies(axes, 1),
            Collections.nCopies(dims.size(), 1),
            Collections.nCopies(arguments.size(), 2)));
  }

  private static void addChecks(CheckVectors.Builder checks, String kernel, Argument argument) {
    if (argument.format() == StorageFormat.I32) {
      if (argument.read()) {
        checks.input(kernel, argument, new int[] {3});
      }
      if (argument.written()) {
        checks.output(kernel, argument, new int[] {3, Integer.MIN_VALUE});
      }
    } else {
      if (argument.read()) {
        checks.input(kernel, argument, new float[] {1.5f});
      }
      if (argument.written()) {
        checks.output(kernel, argument, new float[] {2.5f, Float.NaN});
      }
    }
  }

  private static SegmentDeclaration segment(
      String name, int layer, int offset, int slots, String rows, int first, int window) {
    return new SegmentDeclaration(
        name,
        layer,
        List.of(0),
        StorageFormat.F32,
        DIM,
        DIM,
        "pages",
        "page_table",
        offset,
        slots,
        Expression.parse(rows),
        Expression.constant(first),
        window,
        Optional.empty(),
        Optional.empty());
  }
}
