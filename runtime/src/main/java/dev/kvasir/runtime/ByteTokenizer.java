package dev.kvasir.runtime;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A token is a byte of the text in UTF-8, 0 to 255. Bytes that are no UTF-8 become U+FFFD, and so
 * does a token beyond 255. No token is special: none marks the beginning or the end of a text.
 */
public final class ByteTokenizer implements Tokenizer {

  private static final int MAX_SEQUENCE = 4;
  private static final byte NEVER_UTF8 = (byte) 0xff;

  /** Makes a tokenizer. */
  public ByteTokenizer() {}

  @Override
  public int[] encode(String text) {
    ByteBuffer bytes;
    try {
      bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
    } catch (CharacterCodingException e) {
      throw halfOfAPair(e);
    }
    int[] tokens = new int[bytes.remaining()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = Byte.toUnsignedInt(bytes.get());
    }
    return tokens;
  }

  static KvasirException halfOfAPair(@Nullable Throwable cause) {
    return new KvasirException(
        ErrorCode.PROMPT_INVALID,
        "the text holds half of a surrogate pair, which UTF-8 cannot encode; remove it",
        cause);
  }

  @Override
  public Decoder newDecoder() {
    return new Utf8Decoder();
  }

  private static final class Utf8Decoder implements Decoder {

    private final CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    // What the decoder leaves over is at most the beginning of one sequence.
    private final ByteBuffer pending = ByteBuffer.allocate(2 * MAX_SEQUENCE);

    @Override
    public String append(int token) {
      pending.put(token >= 0 && token <= 0xff ? (byte) token : NEVER_UTF8);
      return decode(false);
    }

    @Override
    public String finish() {
      String rest = decode(true);
      pending.clear();
      decoder.reset();
      return rest;
    }

    private String decode(boolean end) {
      CharBuffer characters = CharBuffer.allocate(2 * MAX_SEQUENCE);
      pending.flip();
      decoder.decode(pending, characters, end);
      pending.compact();
      if (end) {
        decoder.flush(characters);
      }
      return characters.flip().toString();
    }
  }
}
