package dev.kvasir.ir.graph;

/** A constant of an operation. */
public sealed interface Attribute {
  /** {@return the canonical text} */
  String text();

  /**
   * A whole number.
   *
   * @param value any
   */
  record IntegerAttribute(int value) implements Attribute {
    @Override
    public String text() {
      return Integer.toString(value);
    }
  }

  /**
   * A number with a fraction; its text has a point, so that it is never read as a whole number.
   *
   * @param value finite
   */
  record DecimalAttribute(double value) implements Attribute {
    /** Refuses infinities and NaN. */
    public DecimalAttribute {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("a decimal attribute must be finite, got " + value);
      }
    }

    @Override
    public String text() {
      return Double.toString(value);
    }
  }

  /**
   * A weight.
   *
   * @param weight which one
   */
  record WeightAttribute(WeightReference weight) implements Attribute {
    @Override
    public String text() {
      return weight.text();
    }
  }

  /**
   * One of the words that the operation knows.
   *
   * @param word lower-case letters and underscores
   */
  record WordAttribute(String word) implements Attribute {
    /** Refuses what could be read as something else. */
    public WordAttribute {
      if (!isWord(word)) {
        throw new IllegalArgumentException("a word has lower-case letters, got " + word);
      }
    }

    /** {@return whether a text can be a word} */
    public static boolean isWord(String text) {
      return text.matches("[a-z][a-z_]*");
    }

    @Override
    public String text() {
      return word;
    }
  }
}
