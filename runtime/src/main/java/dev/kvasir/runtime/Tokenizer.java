package dev.kvasir.runtime;

/** Turns text into tokens and back. Immutable; its decoders are not. */
public interface Tokenizer {

  /**
   * {@return the token ids of a text that begins a sequence, those included that the tokenizer puts
   * around every text; none for empty text where it puts none}
   *
   * @throws KvasirException when the text has no encoding
   */
  int[] encode(String text);

  /**
   * {@return the token ids of a text that continues a sequence, without any that mark its beginning
   * or end}
   *
   * @throws KvasirException when the text has no encoding
   */
  default int[] encodeContinuation(String text) {
    return encode(text);
  }

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
