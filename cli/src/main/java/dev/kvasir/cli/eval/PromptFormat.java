package dev.kvasir.cli.eval;

import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** How a text says what a key is, and how it is asked for. */
public enum PromptFormat {
  /** {@code [Kq=7351]} anywhere in the text, asked for by {@code [Kq=}. */
  BRACKETED {
    @Override
    PlantedKey key(Random random) {
      String name = "" + letter(random) + letter(random);
      return new PlantedKey(name, digits(random, 4));
    }

    @Override
    String needle(PlantedKey key) {
      return question(key) + answer(key);
    }

    @Override
    String question(PlantedKey key) {
      return "[" + key.name() + "=";
    }

    @Override
    String answer(PlantedKey key) {
      return key.digits() + "]";
    }

    @Override
    int spareTokens() {
      return 0;
    }

    @Override
    boolean matches(PlantedKey key, String generated) {
      return generated.equals(answer(key));
    }

    @Override
    Optional<Pattern> cuts() {
      return Optional.empty();
    }
  },

  /** A sentence between sentences, asked for in another one. */
  ENGLISH {
    @Override
    PlantedKey key(Random random) {
      String name = COLOURS[random.nextInt(COLOURS.length)] + " " + word(random);
      return new PlantedKey(name, digits(random, 5));
    }

    @Override
    String needle(PlantedKey key) {
      return " The pass key of the %s is %s.".formatted(key.name(), key.digits());
    }

    @Override
    String question(PlantedKey key) {
      return "\n\nWhat is the pass key of the %s? The pass key of the %s is"
          .formatted(key.name(), key.name());
    }

    @Override
    String answer(PlantedKey key) {
      return " " + key.digits() + ".";
    }

    @Override
    int spareTokens() {
      return SPARE_TOKENS;
    }

    @Override
    boolean matches(PlantedKey key, String generated) {
      return NUMBER
          .matcher(generated)
          .results()
          .findFirst()
          .map(MatchResult::group)
          .filter(key.digits()::equals)
          .isPresent();
    }

    @Override
    Optional<Pattern> cuts() {
      return Optional.of(SENTENCE_ENDS);
    }
  };

  private static final Pattern SENTENCE_ENDS = Pattern.compile("(?<=[.!?])(?=\\s)");
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  /** Tokens that a model may put before a number, such as a blank or a quotation mark. */
  private static final int SPARE_TOKENS = 3;

  private static final String[] COLOURS = {
    "amber", "black", "blue", "brown", "copper", "crimson", "golden", "green", "grey", "ivory",
    "orange", "purple", "red", "silver", "white", "yellow"
  };
  private static final String[] WORDS = {
    "anchor", "basket", "candle", "castle", "falcon", "garden", "hammer", "harbour", "lantern",
    "meadow", "mirror", "orchard", "ribbon", "river", "saddle", "wagon"
  };

  /** {@return a key; two may have the same name} */
  abstract PlantedKey key(Random random);

  /** {@return what is planted} */
  abstract String needle(PlantedKey key);

  /** {@return what asks for the key, behind the context} */
  abstract String question(PlantedKey key);

  /** {@return what a model that remembers continues with} */
  abstract String answer(PlantedKey key);

  /** {@return tokens that a model may generate beyond those of the answer} */
  abstract int spareTokens();

  /** {@return whether a generated text is the answer} */
  abstract boolean matches(PlantedKey key, String generated);

  /** {@return what matches where a needle may stand; empty for between any two tokens} */
  abstract Optional<Pattern> cuts();

  /** {@return the name on the command line} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static char letter(Random random) {
    int index = random.nextInt(52);
    return (char) (index < 26 ? 'A' + index : 'a' + index - 26);
  }

  private static String word(Random random) {
    return WORDS[random.nextInt(WORDS.length)];
  }

  private static String digits(Random random, int count) {
    StringBuilder digits = new StringBuilder();
    for (int i = 0; i < count; i++) {
      digits.append(random.nextInt(10));
    }
    return digits.toString();
  }
}
