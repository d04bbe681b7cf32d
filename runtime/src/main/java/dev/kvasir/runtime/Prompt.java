package dev.kvasir.runtime;

/**
 * What a session is given to read.
 *
 * <p>Text is read as it is. Where a model wants a conversation in its own form, its chat template,
 * the caller writes that form, special tokens spelt out.
 */
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
   * @param begins whether nothing was read before, so that the tokenizer may mark a beginning
   * @throws KvasirException when the tokenizer cannot encode the text
   */
  int[] encode(Tokenizer tokenizer, boolean begins);

  /** Text. */
  record Text(String text) implements Prompt {
    @Override
    public int[] encode(Tokenizer tokenizer, boolean begins) {
      return begins ? tokenizer.encode(text) : tokenizer.encodeContinuation(text);
    }
  }

  /** Token ids. */
  final class Tokens implements Prompt {
    private final int[] ids;

    private Tokens(int[] ids) {
      this.ids = ids.clone();
    }

    @Override
    public int[] encode(Tokenizer tokenizer, boolean begins) {
      return ids.clone();
    }
  }
}
