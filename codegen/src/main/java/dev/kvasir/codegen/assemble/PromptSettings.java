package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.ir.type.Task;
import dev.kvasir.plans.program.Program;
import java.util.List;
import java.util.Locale;

/**
 * What a graph leaves to a session and its prompts.
 *
 * <p>A selection by task scores as {@link Task#LOCALIZATION} says where a token with a question
 * mark is among the first or last 256 tokens of a prompt, else as {@link Task#AGGREGATION} does.
 * WindowKV asks a trained classifier about the same tokens; this rule needs none.
 */
public final class PromptSettings {

  /** The setting of selections by task. */
  static final String TASK = "task";

  /** Tokens at either end of a prompt that are looked at. */
  private static final int REACH = 256;

  private PromptSettings() {}

  /** {@return whether a setting of the graph depends on which tokens hold question marks} */
  public static boolean needQuestions(Graph graph) {
    return graph.nodes().stream()
        .anyMatch(
            node ->
                node.op() instanceof SelectRowsOp select
                    && select.selection().score() instanceof Selection.ByTask);
  }

  /** {@return the settings of the graph's program} */
  static List<Program.Setting> of(Graph graph, List<Integer> questions) {
    if (!needQuestions(graph)) {
      return List.of();
    }
    // In the order of ScoreShape.ByTask.
    List<String> values = List.of(word(Task.LOCALIZATION), word(Task.AGGREGATION));
    return List.of(
        new Program.Setting(TASK, values, new Program.PromptRule(questions, REACH, 0, 1)));
  }

  private static String word(Task task) {
    return task.name().toLowerCase(Locale.ROOT);
  }
}
