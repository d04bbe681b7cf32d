package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TextStreamTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void holdsBackWhatMayBecomeAStopText() {
    TextStream stream = new TextStream(new ByteTokenizer(), List.of("aab"));
    assertThat(released(stream, "xa")).isEqualTo("x");
    assertThat(released(stream, "a")).isEmpty();
    assertThat(released(stream, "a")).isEqualTo("a");
    assertThat(released(stream, "c")).isEqualTo("aac");
    assertThat(released(stream, "zaab")).isEqualTo("z");
    assertThat(stream.stopped()).isTrue();
    assertThat(stream.text()).isEqualTo("xaaacz");
  }

  @Test
  void endsWithWhatWasHeldBack() {
    TextStream stream = new TextStream(new ByteTokenizer(), List.of("stop"));
    assertThat(released(stream, "sto")).isEmpty();
    stream.end();
    assertThat(stream.release(true)).isEqualTo("sto");
  }

  @Test
  void cutsAtTheFirstStopTextHoweverTheTextArrives() {
    List<String> stops = List.of("ab", "bba", "caa");
    for (int round = 0; round < 2_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 20; i++) {
        text.append((char) ('a' + random.nextInt(3)));
      }
      TextStream stream = new TextStream(new ByteTokenizer(), stops);
      StringBuilder streamed = new StringBuilder();
      for (int i = 0; i < text.length() && !stream.stopped(); i++) {
        streamed.append(released(stream, text.substring(i, i + 1)));
      }
      stream.end();
      streamed.append(stream.release(true));
      assertThat(streamed.toString())
          .as("seed %d, text %s", seed, text)
          .isEqualTo(text.substring(0, firstStop(text.toString(), stops)))
          .isEqualTo(stream.text());
    }
  }

  /** The stop text that is complete first ends the text where it begins. */
  private static int firstStop(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      String soFar = text.substring(0, end);
      int first = stops.stream().mapToInt(soFar::indexOf).filter(at -> at >= 0).min().orElse(-1);
      if (first >= 0) {
        return first;
      }
    }
    return text.length();
  }

  private static String released(TextStream stream, String text) {
    for (int token : new ByteTokenizer().encode(text)) {
      stream.add(token);
    }
    return stream.release(false);
  }
}
