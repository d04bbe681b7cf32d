package dev.kvasir.cli.eval;

import dev.kvasir.runtime.Prompt;
import java.util.Arrays;
import java.util.List;

/** A context, and what is asked about it. */
final class Passage {
  private final int[] context;
  private final List<Question> questions;

  Passage(int[] context, List<Question> questions) {
    this.context = context;
    this.questions = List.copyOf(questions);
  }

  /** {@return what is read before anything is asked} */
  Prompt context() {
    return Prompt.ofTokens(context);
  }

  /** {@return context and question as one prompt} */
  Prompt contextWith(int[] question) {
    int[] both = Arrays.copyOf(context, context.length + question.length);
    System.arraycopy(question, 0, both, context.length, question.length);
    return Prompt.ofTokens(both);
  }

  /** {@return the questions, by ascending depth} */
  List<Question> questions() {
    return questions;
  }

  /** {@return tokens of the context} */
  int tokens() {
    return context.length;
  }
}
