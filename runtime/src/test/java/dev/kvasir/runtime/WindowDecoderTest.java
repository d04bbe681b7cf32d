package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Over tokens of one to three bytes each: token t stands for the bytes of t in base 256. */
class WindowDecoderTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void whatComesOutInPiecesIsTheWhole() {
    for (int i = 0; i < 500; i++) {
      long[] tokens = tokens(random.nextInt(300));
      StringBuilder text = new StringBuilder();
      WindowDecoder decoder = new WindowDecoder(WindowDecoderTest::decode);
      for (long token : tokens) {
        text.append(decoder.append((int) token));
      }
      text.append(decoder.finish());
      assertThat(text.toString()).as("seed %d", seed).isEqualTo(decode(tokens));
    }
  }

  @Test
  void anEndlessRowOfEmptyTokensEndsWithoutHarm() {
    WindowDecoder decoder = new WindowDecoder(WindowDecoderTest::decode);
    assertThat(decoder.append('a')).isEqualTo("a");
    assertThat(decoder.append(0xe2)).isEmpty();
    for (int i = 0; i < 1000; i++) {
      assertThat(decoder.append(0)).isEmpty();
    }
    assertThat(decoder.append('b')).isEqualTo("b");
  }

  private long[] tokens(int count) {
    byte[] noise = new byte[3 * count + 4];
    random.nextBytes(noise);
    byte[] text = "\u20ac\ud83d\ude00 a\u00e9".repeat(count).getBytes(StandardCharsets.UTF_8);
    byte[] bytes = random.nextBoolean() ? noise : text;
    long[] tokens = new long[count];
    int at = 0;
    for (int i = 0; i < count; i++) {
      int length = 1 + random.nextInt(3);
      for (int j = 0; j < length && at < bytes.length; j++) {
        tokens[i] = tokens[i] << 8 | Byte.toUnsignedInt(bytes[at]);
        at++;
      }
    }
    return tokens;
  }

  private static String decode(long[] tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (long token : tokens) {
      for (int shift = 16; shift >= 0; shift -= 8) {
        if (token >> shift != 0) {
          bytes.write((int) (token >> shift));
        }
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
