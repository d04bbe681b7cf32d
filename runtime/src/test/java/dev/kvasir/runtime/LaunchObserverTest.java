package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchObserverTest {

  private static final List<String> STEP =
      List.of(
          "embed: embedding",
          "append_f32: layer.0 append",
          "append_bf16: layer.1 append",
          "score: logits",
          "largest: next token");

  private final List<String> seen = new ArrayList<>();
  private long sum;
  @TempDir private Path folder;
  private LoadedModel model;
  private Session session;

  @BeforeEach
  void open() throws IOException {
    model = ToyRuntime.load(folder, 2);
    session = model.newSession(SessionOptions.defaults().forks(1));
  }

  @AfterEach
  void close() {
    session.close();
    model.close();
  }

  private void observe() {
    session.observeLaunches(
        (launch, nanos) -> {
          seen.add(launch.kernel() + ": " + launch.label());
          assertThat(nanos).isNotNegative();
          sum += nanos;
        });
  }

  @Test
  void everyLaunchIsSeenInOrderAndTakesNoLongerThanTheCall() {
    observe();
    long start = System.nanoTime();
    session.append(Prompt.ofTokens(1, 2, 3));
    session.step(4);
    long all = System.nanoTime() - start;

    List<String> twice = new ArrayList<>(STEP);
    twice.addAll(STEP);
    assertThat(seen).isEqualTo(twice);
    assertThat(sum).isBetween(1L, all);
  }

  @Test
  void afterItsEndAndInForksNothingIsSeen() {
    session.append(Prompt.ofTokens(1));
    observe();
    try (Session fork = session.fork()) {
      fork.step(2);
    }
    session.stopObservingLaunches();
    session.step(2);

    assertThat(seen).isEmpty();
  }

  @Test
  void anObserverThatThrowsEndsTheSession() {
    session.append(Prompt.ofTokens(1));
    session.observeLaunches(
        (launch, nanos) -> {
          throw new IllegalStateException("enough of " + launch.kernel());
        });

    assertThatThrownBy(() -> session.step(2)).hasMessage("enough of embed");
    assertThatThrownBy(() -> session.step(2)).hasMessageContaining("open a new session");
  }
}
