package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** Says what a policy or a model asks of a target that it cannot do, and what to do instead. */
final class TargetCheck {

  private static final String STORE = "store-kv";
  private static final String FORMAT = "format";

  private TargetCheck() {}

  /**
   * Refuses formats of cache rows that the target lacks.
   *
   * @throws CompileException with every place that asks for one
   */
  static void check(ResolvedPolicy policy, Target target) {
    Diagnostics diagnostics = new Diagnostics();
    for (TechniqueUse use : policy.uses(STORE)) {
      String format = use.arguments().name(FORMAT);
      if (!target.kernels().stores(ElementFormat.ofText(format))) {
        diagnostics.report(
            Diagnostic.error(
                    DiagnosticCode.FORMAT_UNAVAILABLE,
                    use.spanOf(FORMAT),
                    "target %s cannot store cache rows in %s".formatted(target.name(), format))
                .withNote(
                    "store them with format = %s, or f32, or compile for target jvm"
                        .formatted(target.storage().text())));
      }
    }
    diagnostics.throwIfErrors();
  }

  /** {@return what a user is told about a kernel that the target cannot have} */
  static CompileException refusal(TornadoUnsupportedException refusal, CompilerOptions options) {
    String code = refusal.reason().code();
    DiagnosticCode known =
        Arrays.stream(DiagnosticCode.values())
            .filter(candidate -> candidate.code().equals(code))
            .findAny()
            .orElseThrow(() -> new CompilerBug("no diagnostic has the code " + code, refusal));
    Diagnostic diagnostic =
        Diagnostic.error(known, "target %s".formatted(options.target().name()), refusal.problem())
            .withNote(refusal.wayOut());
    Map<TileSize, Integer> given = options.tiles();
    if (refusal.reason() == TornadoUnsupportedException.Reason.LOCAL_MEMORY && !given.isEmpty()) {
      diagnostic =
          diagnostic.withNote(
              "these sizes were given and not chosen: "
                  + given.entrySet().stream()
                      .map(size -> size.getKey().text() + " = " + size.getValue())
                      .collect(Collectors.joining(", ")));
    }
    return new CompileException(diagnostic);
  }
}
