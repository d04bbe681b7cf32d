package dev.kvasir.cli.eval;

import java.util.Locale;

/** What is asked of a cache. */
public enum Suite {
  /** One key, planted at each depth, is asked for. */
  NEEDLE("one key in each context, at each depth"),
  /** Several keys are planted; the one at the depth is asked for. */
  PASSKEY("several keys in each context, one asked for, at each depth"),
  /** Keys are planted everywhere, and each is asked for. */
  RECALL("a key in every 64 tokens, at most 64, all asked for one by one"),
  /** A text is read: its first half at once, then token by token. */
  PPL("perplexity of the second half of a text and distance from a full cache");

  private final String meaning;

  Suite(String meaning) {
    this.meaning = meaning;
  }

  /** {@return what is asked, for people} */
  public String meaning() {
    return meaning;
  }

  /** {@return whether answers are right or wrong} */
  public boolean asks() {
    return this != PPL;
  }

  /** {@return the name on the command line and in files} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
