package dev.kvasir.runtime;

/** What a session is given to read. */
public sealed interface Prompt {

  /** {@return a prompt of text, to be encoded by the model's tokenizer; may be empty} */
  static Prompt of(String text) {
    return new Text(text);
  }

  /** {@return a prompt of token ids; may be empty} */
  static Prompt ofTokens(int... tokens) {
    return new Tokens(tokens);
  }

  /**
   * {@return the token ids, the caller's to change}
   *
   * @param tokenizer the model's
   * @throws KvasirException when the tokenizer cannot encode the text
   */
  int[] encode(Tokenizer tokenizer);

  /** Text. */
  record Text(String text) implements Prompt {
    @Override
    public int[] encode(Tokenizer tokenizer) {
      return tokenizer.encode(text);
    }
  }

  /** Token ids. */
  final class Tokens implements Prompt {
    private final int[] ids;

    private Tokens(int[] ids) {
      this.ids = ids.clone();
    }

    @Override
    public int[] encode(Tokenizer tokenizer) {
      return ids.clone();
    }
  }
}
