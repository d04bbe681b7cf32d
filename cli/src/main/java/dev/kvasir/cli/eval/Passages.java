package dev.kvasir.cli.eval;

import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Tokenizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Makes contexts and questions. Each depends on the seed and on its own suite, length, depth and
 * number alone: what else is asked for does not change it.
 */
public final class Passages {
  /** Tokens of a context for each key of {@link Suite#RECALL}. */
  private static final int RECALL_STRIDE = 64;

  private static final int MOST_RECALL_KEYS = 64;

  private final Settings settings;
  private final Tokenizer tokenizer;
  private final Haystack haystack;

  /**
   * Reads the text.
   *
   * @param text in which keys are planted, and which is read for {@link Suite#PPL}
   * @throws dev.kvasir.runtime.KvasirException when the model has no tokenizer
   */
  public Passages(Settings settings, String text, Tokenizer tokenizer) {
    this.settings = settings;
    this.tokenizer = tokenizer;
    this.haystack = Haystack.of(text, settings.format(), tokenizer);
  }

  /** {@return tokens of the longest piece of the text that can be read} */
  public int textTokens() {
    return haystack.size() == 0 ? 0 : haystack.size() + haystack.beginningSize();
  }

  /**
   * {@return the fewest tokens that a length can have with what is planted and asked at {@code
   * length}}
   */
  public int needed(Suite suite, int length) {
    if (!suite.asks()) {
      return haystack.beginningSize() + 3;
    }
    return IntStream.range(0, contexts(suite))
        .map(index -> layout(suite, length, index).needed(haystack.beginningSize()))
        .max()
        .orElseThrow();
  }

  /** {@return how many contexts a suite has at one length} */
  int contexts(Suite suite) {
    return switch (suite) {
      case NEEDLE, PASSKEY -> settings.samples() * settings.depths().size();
      case RECALL, PPL -> settings.samples();
    };
  }

  /**
   * {@return a context}
   *
   * @param suite one that asks
   * @param index which context of this length, below {@link #contexts}
   */
  Passage passage(Suite suite, int length, int index) {
    Layout layout = layout(suite, length, index);
    int prose = length - layout.needed(haystack.beginningSize()) + 1;
    return new Passage(haystack.with(layout.random(), prose, layout.needles()), layout.questions());
  }

  /** {@return a text to read as it is} */
  int[] text(int length, int index) {
    Random random = random(Suite.PPL, length, 0, index);
    return haystack.piece(random, index, settings.samples(), length);
  }

  /** A key and the share of the text before it. */
  private record Planted(PlantedKey key, double depth) {}

  /**
   * What is planted and asked.
   *
   * @param random what remains of the context's random numbers
   * @param needles by ascending depth
   * @param questions at least one
   */
  private record Layout(Random random, List<Haystack.Needle> needles, List<Question> questions) {

    /**
     * {@return tokens of needles, question, answer, what stands before every text, and one more}
     */
    int needed(int beginning) {
      int behind =
          questions.stream().mapToInt(one -> one.promptTokens() + one.mostTokens()).max().orElse(0);
      return beginning + needles.stream().mapToInt(one -> one.tokens().length).sum() + behind + 1;
    }
  }

  private Layout layout(Suite suite, int length, int index) {
    return switch (suite) {
      case NEEDLE, PASSKEY -> {
        int depth = settings.depths().get(index / settings.samples());
        Random random = random(suite, length, depth, index % settings.samples());
        int keys = suite == Suite.NEEDLE ? 1 : settings.keys();
        yield oneQuestion(random, depth / 100.0, keys);
      }
      case RECALL -> {
        int keys = Math.clamp(length / RECALL_STRIDE, 1, MOST_RECALL_KEYS);
        yield allQuestions(random(suite, length, 0, index), keys);
      }
      case PPL -> throw new IllegalArgumentException("a text asks nothing");
    };
  }

  private Layout oneQuestion(Random random, double depth, int count) {
    List<PlantedKey> keys = keys(random, count);
    List<Planted> planted = new ArrayList<>();
    planted.add(new Planted(keys.getFirst(), depth));
    for (PlantedKey key : keys.subList(1, count)) {
      planted.add(new Planted(key, random.nextDouble()));
    }
    return layout(random, planted, List.of(planted.getFirst()));
  }

  private Layout allQuestions(Random random, int count) {
    List<PlantedKey> keys = keys(random, count);
    List<Planted> planted = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      planted.add(new Planted(keys.get(i), (i + random.nextDouble()) / count));
    }
    return layout(random, planted, planted);
  }

  private Layout layout(Random random, List<Planted> planted, List<Planted> asked) {
    List<Haystack.Needle> needles =
        planted.stream()
            .sorted(Comparator.comparingDouble(Planted::depth))
            .map(
                each ->
                    new Haystack.Needle(each.depth(), encode(settings.format().needle(each.key()))))
            .toList();
    return new Layout(random, needles, asked.stream().map(this::question).toList());
  }

  private Question question(Planted asked) {
    PromptFormat format = settings.format();
    int[] prompt = encode(format.question(asked.key()));
    int answer = encode(format.answer(asked.key())).length + format.spareTokens();
    return new Question(asked.key(), asked.depth(), Prompt.ofTokens(prompt), prompt.length, answer);
  }

  private List<PlantedKey> keys(Random random, int count) {
    List<PlantedKey> keys = new ArrayList<>();
    Set<String> names = new HashSet<>();
    while (keys.size() < count) {
      PlantedKey key = settings.format().key(random);
      if (names.add(key.name())) {
        keys.add(key);
      }
    }
    return Collections.unmodifiableList(keys);
  }

  private int[] encode(String text) {
    return tokenizer.encodeContinuation(text);
  }

  private Random random(Suite suite, int length, int depth, int sample) {
    long seed = settings.seed();
    for (int part : new int[] {suite.toString().hashCode(), length, depth, sample}) {
      // The multiplier of PCG spreads each part over all bits (O'Neill 2014, section 6).
      seed = (seed ^ part) * 6364136223846793005L + 1442695040888963407L;
    }
    return new Random(seed ^ (seed >>> 32));
  }
}
