package dev.kvasir.runtime;

/** Turns text into tokens and back. Immutable; its decoders are not. */
public interface Tokenizer {

  /**
   * {@return the token ids of {@code text}, none for empty text}
   *
   * @throws KvasirException when the text has no encoding
   */
  int[] encode(String text);

  /** {@return a decoder at the beginning of a text} */
  Decoder newDecoder();

  /** {@return the text of all {@code tokens}} */
  default String decode(int... tokens) {
    Decoder decoder = newDecoder();
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.append(token));
    }
    return text.append(decoder.finish()).toString();
  }

  /** Decodes one text token by token, holding back characters that are not complete. */
  interface Decoder {

    /** {@return the characters that {@code token} completes, often none} */
    String append(int token);

    /** {@return what was held back; the decoder then begins a new text} */
    String finish();
  }
}
