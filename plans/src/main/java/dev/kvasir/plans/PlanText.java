package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;

import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.regex.Pattern;

/** Checks that the words of a plan can be shown to people: one line each, of printable text. */
final class PlanText {

  /** Control and formatting characters, which steer a terminal or hide text. */
  static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\u2028\\u2029]");

  private static final Pattern UNPRINTABLE_IN_LINES =
      Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\u2028\\u2029&&[^\\n\\r\\t]]");

  private static final int MAX_LENGTH = 1_000;

  private PlanText() {}

  /** Refuses a plan with a name, label or summary that is too long or not printable. */
  static void check(Plan plan) throws PlanException {
    checkManifest(plan.manifest());
    String program = PlanFormat.PROGRAM;
    for (KernelDeclaration kernel : plan.program().kernels()) {
      line(program + ": kernel", kernel.name());
      line(program + ": kernel: summary", kernel.summary());
      for (KernelDeclaration.Argument argument : kernel.arguments()) {
        line(program + ": kernel: argument", argument.name());
      }
      for (String dim : kernel.dims()) {
        line(program + ": kernel: dim", dim);
      }
    }
    for (SegmentDeclaration segment : plan.program().segments()) {
      line(program + ": segment", segment.name());
    }
    for (Program.Mark mark : plan.program().marks()) {
      line(program + ": mark", mark.name());
    }
    for (Program.Setting setting : plan.program().settings()) {
      line(program + ": setting", setting.name());
    }
    for (Program.Procedure procedure : plan.program().procedures()) {
      line(program + ": procedure", procedure.name());
      for (Step step : procedure.steps()) {
        switch (step) {
          case Step.Launch launch -> line(program + ": launch: label", launch.label());
          case Step.Observe observe -> line(program + ": observe", observe.name());

          case Step.Call _, Step.Require _, Step.SetMark _ -> {}
        }
      }
    }
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      line(PlanFormat.MEMORY + ": buffer", buffer.name());
      line(PlanFormat.MEMORY + ": buffer: tensor", buffer.tensor());
    }
  }

  private static void checkManifest(Manifest manifest) throws PlanException {
    String place = PlanFormat.MANIFEST;
    line(place + ": compiler", manifest.compilerVersion());
    for (String feature : manifest.features()) {
      line(place + ": features", feature);
    }
    line(place + ": model: name", manifest.model().name());
    line(place + ": tokenizer: kind", manifest.tokenizer().kind());
    line(place + ": policy: name", manifest.policy().name());
    require(
        !UNPRINTABLE_IN_LINES.matcher(manifest.policy().text()).find(),
        place + ": policy: text",
        "expected lines of printable text");
  }

  private static void line(String place, String text) throws PlanException {
    require(
        text.length() <= MAX_LENGTH && !UNPRINTABLE.matcher(text).find(),
        place,
        "expected printable text of at most %d characters".formatted(MAX_LENGTH));
  }
}
