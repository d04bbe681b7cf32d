package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A measurement of a model's KV heads, which runs plans made for it. */
interface HeadProbe {

  /**
   * What was measured.
   *
   * @param scores higher for a head that retrieves more, layer by layer
   * @param parts what they were made of, by name
   * @param tokens tokens of the text that was read
   * @param plans plans that were compiled and run
   */
  record Measured(List<Float> scores, SortedMap<String, List<Float>> parts, int tokens, int plans) {
    /** Copies the collections. */
    public Measured {
      scores = List.copyOf(scores);
      parts = new TreeMap<>(parts);
    }

    /** Scores without parts. */
    public Measured(List<Float> scores, int tokens, int plans) {
      this(scores, new TreeMap<>(Map.of()), tokens, plans);
    }
  }

  /**
   * {@return the scores of a model's heads}
   *
   * @throws CommandException when the model's context is too short, or it lacks what is needed
   * @throws IOException when its files cannot be read
   */
  Measured run(Model model) throws IOException;

  /** {@return a plan of the model with rows in f32} */
  static Plan compile(Model model, String uses, int context, int span) {
    String text = "policy probe { " + uses + " use store-kv(format = f32); }";
    return Compiler.compile(
            model,
            Policy.parse(new SourceText("probe.kvp", text)),
            CompilerOptions.defaults().withMaxContext(context).withSpan(span))
        .plan();
  }

  /** {@return the plan beside its model} */
  static LoadedModel load(Plan plan, Model model) throws IOException {
    return LoadedModel.load(plan, model.path(), LoadOptions.defaults());
  }
}
