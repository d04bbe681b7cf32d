package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.backend.DistantProvider;
import dev.kvasir.runtime.toy.ChosenToyPlan;
import dev.kvasir.runtime.toy.PackedToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that has its own copy of every buffer, which the host must keep up to date. */
class DistantDeviceTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;

  private LoadedModel load(Plan plan, LoadOptions options, DistantProvider provider)
      throws IOException {
    return LoadedModel.load(plan, folder.resolve("model"), options, provider);
  }

  private LoadOptions trusting() {
    return ToyRuntime.options(folder).threads(1).trustKernels(true);
  }

  private List<Plan> plans() throws IOException {
    return List.of(
        ToyRuntime.plan(folder),
        PackedToyPlan.of(
            ToyModel.write(folder.resolve("model")), ToyRuntime.CONTEXT, ToyRuntime.SPAN),
        chosen(false),
        chosen(true));
  }

  private Plan chosen(boolean packed) throws IOException {
    return ChosenToyPlan.of(packed, true)
        .write(folder.resolve("model"), ToyRuntime.CONTEXT, ToyRuntime.SPAN);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 48})
  void sessionsSayAndHoldTheSameAsInThisVirtualMachine(int mostLaunches) throws IOException {
    for (Plan plan : plans()) {
      DistantProvider provider = new DistantProvider(mostLaunches);
      try (LoadedModel near = LoadedModel.load(plan, folder.resolve("model"), trusting());
          LoadedModel far = load(plan, trusting(), provider);
          Session expected = near.newSession();
          Session actual = far.newSession()) {
        int[] tokens = ToyRuntime.tokens(random, 700);
        int read = 0;
        while (read < tokens.length) {
          int count = random.nextBoolean() ? 1 : 1 + random.nextInt(2 * ToyRuntime.SPAN);
          count = Math.min(count, tokens.length - read);
          if (count == 1) {
            expected.step(tokens[read]);
            actual.step(tokens[read]);
          } else {
            int[] some = Arrays.copyOfRange(tokens, read, read + count);
            expected.append(Prompt.ofTokens(some));
            actual.append(Prompt.ofTokens(some));
          }
          read += count;
          assertThat(actual.logits()).as("seed %d", seed).isEqualTo(expected.logits());
          assertThat(actual.greedyToken()).isEqualTo(expected.greedyToken());
        }
        assertThat(actual.segments())
            .as("seed %d", seed)
            .usingRecursiveComparison()
            .isEqualTo(expected.segments());
        assertThat(provider.openWorkspaces()).isEqualTo(1);
      }
      assertThat(provider.openWorkspaces()).isZero();
    }
  }

  @Test
  void launchesRunTogetherUnlessSomebodyWatches() throws IOException {
    DistantProvider provider = new DistantProvider(48);
    try (LoadedModel model = load(ToyRuntime.plan(folder), trusting(), provider);
        Session session = model.newSession()) {
      session.append(Prompt.ofTokens(1, 2, 3));
      int before = provider.groups();
      session.step(4);
      // Those of the procedure that it calls, and then its own.
      assertThat(provider.groups()).isEqualTo(before + 2);

      List<String> seen = new ArrayList<>();
      session.observeLaunches((launch, nanos) -> seen.add(launch.kernel()));
      session.step(5);
      assertThat(seen).hasSize(5);
      assertThat(provider.groups()).isEqualTo(before + 2 + 5);
    }
  }

  @Test
  void itsSessionsCannotBeForked() throws IOException {
    try (LoadedModel model = load(ToyRuntime.plan(folder), trusting(), new DistantProvider(48));
        Session session = model.newSession()) {
      assertThatThrownBy(() -> model.newSession(SessionOptions.defaults().forks(1)))
          .hasMessageContaining("error[KV7311]")
          .hasMessageContaining("distant, Near")
          .hasMessageContaining("one session for each sequence");
      session.append(Prompt.ofTokens(1, 2, 3));
      assertThatThrownBy(session::fork).hasMessageContaining("error[KV7311]");
      session.step(4);
    }
  }

  @Test
  void aPlanThatNobodyTrustsIsRefused() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    LoadOptions options = trusting().trustKernels(false);
    assertThatThrownBy(() -> load(plan, options, new DistantProvider(1)))
        .hasMessageContaining("error[KV7011]")
        .hasMessageContaining("--trust-kernels");
  }

  @Test
  void aDeviceIsChosenByItsIdOrItsName() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    try (LoadedModel model = load(plan, trusting().device("0:1"), new DistantProvider(1))) {
      assertThat(model.backendDescription()).isEqualTo("distant, Far");
    }
    try (LoadedModel model = load(plan, trusting().device("near"), new DistantProvider(1))) {
      assertThat(model.backendDescription()).isEqualTo("distant, Near");
    }
    assertThatThrownBy(() -> load(plan, trusting().device("2:0"), new DistantProvider(1)))
        .hasMessageContaining("error[KV7203]: target jvm has no device 2:0")
        .hasMessageContaining("0:0 (Near), 0:1 (Far), 1:0 (Far)");
    assertThatThrownBy(() -> load(plan, trusting().device("Far"), new DistantProvider(1)))
        .hasMessageContaining("error[KV7203]: target jvm has more than one device Far");
    assertThatThrownBy(
            () ->
                LoadedModel.load(
                    plan, folder.resolve("model"), ToyRuntime.options(folder).device("gpu")))
        .hasMessageContaining("error[KV7203]: target jvm has no device gpu")
        .hasMessageContaining("jvm (");
  }
}
