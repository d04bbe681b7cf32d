package dev.kvasir.cli.eval;

import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.LogitComparison;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Reads contexts and texts with one plan. */
final class Evaluator {
  private final Settings settings;
  private final Passages passages;
  private final LoadedModel model;
  private final Optional<LoadedModel> reference;
  private final Watcher watcher;
  private boolean forks = true;

  /**
   * @param reference what distances are measured from, when texts are read
   */
  Evaluator(
      Settings settings,
      Passages passages,
      LoadedModel model,
      Optional<LoadedModel> reference,
      Watcher watcher) {
    this.settings = settings;
    this.passages = passages;
    this.model = model;
    this.reference = reference;
    this.watcher = watcher;
  }

  /** {@return what the plan makes of all suites at these lengths} */
  Measured run(String name, Collection<Integer> lengths) {
    List<Prediction> predictions = new ArrayList<>();
    List<TextScore> texts = new ArrayList<>();
    long tokens = 0;
    for (Suite suite : settings.suites()) {
      for (int length : lengths) {
        tokens += (long) length * passages.contexts(suite);
      }
    }
    try (Watcher.Stage stage = watcher.begin(name, tokens)) {
      for (Suite suite : settings.suites()) {
        for (int length : lengths) {
          for (int index = 0; index < passages.contexts(suite); index++) {
            if (suite.asks()) {
              predictions.addAll(ask(suite, length, index));
            } else {
              texts.add(read(length, index));
            }
            stage.advance(length);
          }
        }
      }
    }
    return new Measured(predictions, texts);
  }

  private List<Prediction> ask(Suite suite, int length, int index) {
    Passage passage = passages.passage(suite, length, index);
    List<Prediction> predictions = new ArrayList<>();
    int sample = index % settings.samples();
    if (settings.queryAware()) {
      for (Question question : passage.questions()) {
        int[] tokens = question.prompt().encode(model.tokenizer(), false);
        try (Session session = model.newSession()) {
          Prompt both = passage.contextWith(tokens);
          predictions.add(answer(session, both, question, suite, length, sample));
        }
      }
      return predictions;
    }
    if (passage.questions().size() == 1 || !forks) {
      for (Question question : passage.questions()) {
        try (Session session = model.newSession()) {
          session.append(passage.context());
          predictions.add(answer(session, question.prompt(), question, suite, length, sample));
        }
      }
      return predictions;
    }
    try (Session session = model.newSession(SessionOptions.defaults().forks(1))) {
      session.append(passage.context());
      for (Question question : passage.questions()) {
        try (Session fork = session.fork()) {
          predictions.add(answer(fork, question.prompt(), question, suite, length, sample));
        }
      }
      return predictions;
    } catch (KvasirException e) {
      if (e.code() != ErrorCode.FORKS_UNSUPPORTED) {
        throw e;
      }
      // Devices that share no pages between sessions read the context again for each question.
      forks = false;
      return ask(suite, length, index);
    }
  }

  private Prediction answer(
      Session session, Prompt prompt, Question question, Suite suite, int length, int sample) {
    Sampling sampling = Sampling.greedy().maxTokens(question.mostTokens());
    String got = session.generate(prompt, sampling, token -> {}).text();
    return new Prediction(
        suite,
        length,
        question.depth(),
        sample,
        settings.format().answer(question.key()),
        got,
        settings.format().matches(question.key(), got),
        session.cacheStats().allocatedBytes());
  }

  private TextScore read(int length, int index) {
    int[] text = passages.text(length, index);
    int half = text.length / 2;
    Prompt first = Prompt.ofTokens(Arrays.copyOf(text, half));
    LogitComparison comparison = new LogitComparison();
    double logLikelihood = 0;
    try (Session expected = reference.orElseThrow().newSession();
        Session session = model.newSession()) {
      expected.append(first);
      session.append(first);
      for (int i = half; i < text.length; i++) {
        if (i > half) {
          expected.step(text[i - 1]);
          session.step(text[i - 1]);
        }
        float[] logits = session.logits();
        comparison.add(expected.logits(), logits);
        logLikelihood += logProbability(logits, text[i]);
      }
      return new TextScore(
          length,
          index,
          comparison.positions(),
          logLikelihood,
          comparison.meanDivergence(),
          comparison.agreement(),
          session.cacheStats().allocatedBytes());
    }
  }

  /** {@return ln softmax(logits) of a token} */
  static double logProbability(float[] logits, int token) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - most);
    }
    return logits[token] - most - Math.log(sum);
  }
}
