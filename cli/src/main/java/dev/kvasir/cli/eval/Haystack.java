package dev.kvasir.cli.eval;

import dev.kvasir.runtime.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A text as tokens, with the places where a needle may stand. Where more is asked for than there
 * is, the text begins again.
 */
final class Haystack {
  private final int[] beginning;
  private final int[] tokens;
  private final int[] cuts;

  private Haystack(int[] beginning, int[] tokens, int[] cuts) {
    this.beginning = beginning;
    this.tokens = tokens;
    this.cuts = cuts;
  }

  /**
   * {@return a text of at least one token}
   *
   * @throws dev.kvasir.runtime.KvasirException when the model has no tokenizer
   */
  static Haystack of(String text, PromptFormat format, Tokenizer tokenizer) {
    int[] beginning = tokenizer.encode("");
    if (format.cuts().isEmpty()) {
      int[] tokens = tokenizer.encodeContinuation(text);
      return new Haystack(beginning, tokens, IntStream.range(0, tokens.length).toArray());
    }
    List<int[]> pieces = new ArrayList<>();
    for (String piece : format.cuts().get().split(text)) {
      pieces.add(tokenizer.encodeContinuation(piece));
    }
    int[] cuts = new int[pieces.size()];
    int end = 0;
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] = end;
      end += pieces.get(i).length;
    }
    int[] tokens = pieces.stream().flatMapToInt(Arrays::stream).toArray();
    return new Haystack(beginning, tokens, cuts);
  }

  /** {@return tokens of the text} */
  int size() {
    return tokens.length;
  }

  /** {@return how many tokens the tokenizer puts before every text} */
  int beginningSize() {
    return beginning.length;
  }

  /**
   * Something to plant.
   *
   * @param depth share of the text before it, 0 to 1
   * @param tokens what is planted
   */
  record Needle(double depth, int[] tokens) {}

  /**
   * {@return a piece of the text with needles, each at the cut that is nearest to its depth}
   *
   * @param random chooses where the piece begins
   * @param prose tokens of the piece without the needles, at least 1
   * @param needles by ascending depth
   */
  int[] with(Random random, int prose, List<Needle> needles) {
    int start = start(random, prose);
    IntStream.Builder all = IntStream.builder();
    Arrays.stream(beginning).forEach(all);
    int done = 0;
    for (Needle needle : needles) {
      int at = Math.max(done, nearestCut(start, prose, needle.depth()));
      copy(start + done, start + at, all);
      Arrays.stream(needle.tokens()).forEach(all);
      done = at;
    }
    copy(start + done, start + prose, all);
    return all.build().toArray();
  }

  /**
   * {@return a piece of the text as it is}
   *
   * @param random chooses where the piece begins
   * @param part of how many parts of the text, from 0, it begins in
   * @param parts into how many parts the beginnings are divided
   * @param length tokens of the piece, at most {@link #size} and those before every text
   */
  int[] piece(Random random, int part, int parts, int length) {
    int places = size() + beginning.length - length + 1;
    int from = (int) ((long) part * places / parts);
    int to = (int) ((part + 1L) * places / parts);
    int start = from + (to > from ? random.nextInt(to - from) : 0);
    IntStream.Builder all = IntStream.builder();
    Arrays.stream(beginning).forEach(all);
    copy(start, start + length - beginning.length, all);
    return all.build().toArray();
  }

  /**
   * {@return where a piece begins: at a cut from which it need not begin again, if there is one}
   */
  private int start(Random random, int prose) {
    int usable = 0;
    while (usable < cuts.length && cuts[usable] + prose <= tokens.length) {
      usable++;
    }
    return cuts[random.nextInt(usable == 0 ? cuts.length : usable)];
  }

  private int nearestCut(int start, int prose, double depth) {
    double wanted = depth * prose;
    // The end of the piece is always a place for a needle.
    int best = prose;
    int rounds = Math.ceilDiv(start + prose, tokens.length);
    for (int round = 0; round < rounds; round++) {
      for (int cut : cuts) {
        int at = round * tokens.length + cut - start;
        if (at >= 0 && at <= prose && Math.abs(at - wanted) < Math.abs(best - wanted)) {
          best = at;
        }
      }
    }
    return best;
  }

  private void copy(int from, int to, IntStream.Builder all) {
    for (int i = from; i < to; i++) {
      all.add(tokens[i % tokens.length]);
    }
  }
}
