package dev.kvasir.ir.type;

/** What a prompt asks for, which decides how a {@link Selection} by task scores. */
public enum Task {
  /** Something that stands in one place of it. */
  LOCALIZATION(new Selection.Max()),

  /** Something that all of it says, such as a summary. */
  AGGREGATION(new Selection.Average());

  private final Selection.Score score;

  Task(Selection.Score score) {
    this.score = score;
  }

  /** {@return what a selection for such a prompt scores with} */
  public Selection.Score score() {
    return score;
  }
}
