package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.type.Selection;

/** A selection as attributes of an operation. */
final class SelectionText {
  private SelectionText() {}

  static Attributes write(Attributes attributes, Selection selection) {
    Attributes sized =
        attributes
            .with("window", selection.window())
            .with("observe", selection.observe())
            .with("tail", selection.tail())
            .with("lists", selection.perHead() ? "per_head" : "shared");
    return switch (selection.score()) {
      case Selection.Max() -> sized.with("score", "max").with("pool", selection.pool());
      case Selection.Average() -> sized.with("score", "average").with("pool", selection.pool());
      case Selection.ByTask() -> sized.with("score", "by_task").with("pool", selection.pool());
      case Selection.Random(int seed, int run) ->
          sized.with("score", "random").with("seed", seed).with("run", run);
    };
  }

  static Selection read(Attributes attributes) {
    boolean perHead =
        switch (attributes.word("lists")) {
          case "per_head" -> true;
          case "shared" -> false;
          default -> throw unknown("lists must be shared or per_head", attributes.word("lists"));
        };
    Selection.Score score =
        switch (attributes.word("score")) {
          case "max" -> new Selection.Max();
          case "average" -> new Selection.Average();
          case "by_task" -> new Selection.ByTask();
          case "random" ->
              new Selection.Random(attributes.integer("seed"), attributes.integer("run"));
          default ->
              throw unknown(
                  "score must be max, average, by_task or random", attributes.word("score"));
        };
    return new Selection(
        attributes.integer("window"),
        attributes.integer("observe"),
        score instanceof Selection.Random ? 1 : attributes.integer("pool"),
        score,
        perHead,
        attributes.integer("tail"));
  }

  private static IllegalArgumentException unknown(String expected, String word) {
    return new IllegalArgumentException(expected + ", got " + word);
  }
}
