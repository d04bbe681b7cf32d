package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ByteTokenizerTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final ByteTokenizer tokenizer = new ByteTokenizer();

  @Test
  void tokensAreBytesOfUtf8() {
    assertThat(tokenizer.encode("a\u00e9\u20ac"))
        .containsExactly(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac);
    assertThat(tokenizer.encode("")).isEmpty();
  }

  @Test
  void everyTextSurvives() {
    for (int round = 0; round < 500; round++) {
      String text = randomText();
      assertThat(tokenizer.decode(tokenizer.encode(text))).as("seed %d", seed).isEqualTo(text);
    }
  }

  @Test
  void anyBytesDecodeAsJavaDecodesThemAtOnce() {
    for (int round = 0; round < 5_000; round++) {
      int[] tokens = IntStream.generate(this::suspiciousByte).limit(random.nextInt(12)).toArray();
      byte[] bytes = new byte[tokens.length];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) tokens[i];
      }
      assertThat(tokenizer.decode(tokens))
          .as("seed %d, tokens %s", seed, IntStream.of(tokens).boxed().toList())
          .isEqualTo(new String(bytes, StandardCharsets.UTF_8));
    }
  }

  @Test
  void charactersAppearWhenTheyAreComplete() {
    Tokenizer.Decoder decoder = tokenizer.newDecoder();
    assertThat(decoder.append(0xf0)).isEmpty();
    assertThat(decoder.append(0x9f)).isEmpty();
    assertThat(decoder.append(0x98)).isEmpty();
    assertThat(decoder.append(0x80)).isEqualTo("\ud83d\ude00");
    assertThat(decoder.append('a')).isEqualTo("a");
    assertThat(decoder.append(0xc3)).isEmpty();
    assertThat(decoder.finish()).isEqualTo("\ufffd");
    assertThat(decoder.append('b')).isEqualTo("b");
    assertThat(decoder.append(300)).isEqualTo("\ufffd");
  }

  @Test
  void halfASurrogatePairHasNoEncoding() {
    assertThatThrownBy(() -> tokenizer.encode("a\ud83d"))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PROMPT_INVALID));
  }

  private int suspiciousByte() {
    int[] edges = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xf0, 0xf4, 0xf8, 0xff};
    return random.nextBoolean() ? edges[random.nextInt(edges.length)] : random.nextInt(256);
  }

  private String randomText() {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(20); i > 0; i--) {
      int limit = 1 << (4 + random.nextInt(17));
      int codePoint = random.nextInt(Math.min(limit, Character.MAX_CODE_POINT + 1));
      if (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE) {
        text.appendCodePoint(codePoint);
      }
    }
    return text.toString();
  }
}
