package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CancellationTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;
  private LoadedModel model;
  private Session session;

  @BeforeEach
  void open() throws IOException {
    model = ToyRuntime.load(folder, 2);
    session = model.newSession();
  }

  @AfterEach
  void close() {
    session.close();
    model.close();
  }

  @Test
  void aCancelledSpanIsTakenBack() {
    int[] tokens = ToyRuntime.tokens(random, 2 * ToyRuntime.SPAN);
    cancelInsideSpanAt(ToyRuntime.SPAN);
    assertThatThrownBy(() -> session.append(Prompt.ofTokens(tokens)))
        .isInstanceOf(CancelledException.class)
        .hasMessageContaining("the session holds 150 tokens");
    session.stopObserving();

    int[] read = Arrays.copyOf(tokens, ToyRuntime.SPAN);
    assertThat(session.position()).isEqualTo(ToyRuntime.SPAN);
    assertThat(session.logits()).as("seed %d", seed).containsExactly(ToyModel.logits(read));
    long bytes = session.cacheStats().allocatedBytes();
    try (Session same = model.newSession()) {
      same.append(Prompt.ofTokens(read));
      assertThat(bytes).isEqualTo(same.cacheStats().allocatedBytes());
    }
  }

  @Test
  void aShortSpanCanFollowACancelledOne() {
    int[] tokens = ToyRuntime.tokens(random, 60);
    session.append(Prompt.ofTokens(tokens));
    cancelInsideSpanAt(60);
    assertThatThrownBy(() -> session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 50))))
        .isInstanceOf(CancelledException.class);
    session.stopObserving();
    session.append(Prompt.ofTokens(5));
    assertThat(session.logits())
        .as("seed %d", seed)
        .containsExactly(ToyModel.logits(ToyRuntime.joined(tokens, 5)));
  }

  @Test
  void aSpanThatOverwroteTheRingEndsTheSession() {
    session.append(Prompt.ofTokens(ToyRuntime.tokens(random, ToyRuntime.SPAN)));
    cancelInsideSpanAt(ToyRuntime.SPAN);
    assertThatThrownBy(
            () -> session.append(Prompt.ofTokens(ToyRuntime.tokens(random, ToyRuntime.SPAN))))
        .isInstanceOf(CancelledException.class);
    assertThatThrownBy(() -> session.append(Prompt.of("a")))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_DAMAGED));
  }

  @Test
  void everyStepCanBeCancelledAndRepeated() {
    int[] tokens = ToyRuntime.tokens(random, 500);
    session.append(Prompt.ofTokens(tokens[0]));
    for (int position = 1; position < tokens.length; position++) {
      int token = tokens[position];
      cancelInsideSpanAt(position);
      assertThatThrownBy(() -> session.step(token)).isInstanceOf(CancelledException.class);
      session.stopObserving();
      session.step(token);
      assertThat(session.greedyToken())
          .as("seed %d, position %d", seed, position)
          .isEqualTo(ToyModel.next(Arrays.copyOf(tokens, position + 1)));
    }
  }

  @Test
  void aCancelledGenerationKeepsItsTokens() {
    List<Token> streamed = new ArrayList<>();
    Generation generation =
        session.generate(
            Prompt.of("hello"),
            // Fixed: a drawn seed may draw the token that makes the toy kernel throw.
            Sampling.greedy().temperature(50).seed(7).maxTokens(100),
            token -> {
              streamed.add(token);
              if (streamed.size() == 3) {
                session.cancel();
              }
            });
    assertThat(generation.finishReason()).isIn(FinishReason.CANCELLED, FinishReason.END_TOKEN);
    assertThat(generation.tokens()).isEqualTo(streamed.stream().map(Token::id).toList());
    assertThat(generation.text())
        .isEqualTo(String.join("", streamed.stream().map(Token::text).toList()));
    if (generation.finishReason() == FinishReason.CANCELLED) {
      assertThat(generation.tokens()).hasSize(3);
      assertThat(session.position()).isEqualTo(5 + 2);
    }
  }

  @Test
  void anInterruptedThreadCancels() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> session.append(Prompt.of("a")))
          .isInstanceOf(CancelledException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    session.append(Prompt.of("a"));
    assertThat(session.position()).isEqualTo(1);
  }

  @Test
  void aCancellationStopsOneCallOnly() {
    session.cancel();
    Generation none = session.generate(Prompt.of("a"), Sampling.greedy().maxTokens(1), token -> {});
    assertThat(none.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(none.tokens()).isEmpty();
    Generation one = session.generate(Prompt.of("a"), Sampling.greedy().maxTokens(1), token -> {});
    assertThat(one.tokens()).containsExactly(ToyModel.next('a'));
  }

  private void cancelInsideSpanAt(int target) {
    session.observe(
        (name, position, shape, values) -> {
          if (position == target) {
            session.cancel();
          }
        });
  }
}
