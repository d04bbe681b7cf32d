package dev.kvasir.runtime.tornadovm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Target;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What runs in this virtual machine runs on a device. Loading a plan runs each of its kernels on
 * inputs with known results; then sessions on both say the same and hold the same rows.
 */
class ConformanceTest {

  private static final double TOLERANCE = 1e-4;
  private static final int STEPS = 12;

  private final long seed = System.nanoTime();

  @BeforeAll
  static void requireDevice() {
    SampleModel.requireDevice();
  }

  /** Those that are asked for; compilers of processors take a minute for the kernels of each. */
  static Stream<String> policies() throws IOException {
    String asked = System.getProperty("kvasir.conformance.policies", "full,zigzag-k8v4,everything");
    return asked.equals("all") ? SampleModel.policies().stream() : Arrays.stream(asked.split(","));
  }

  @ParameterizedTest
  @MethodSource("policies")
  void sessionsSayTheSameAsInThisVirtualMachine(String policy) throws IOException {
    // Both store the same numbers, so that what is left is the order of sums.
    Plan near = SampleModel.compile(policy, "f32", Target.jvm());
    Plan far = SampleModel.compile(policy, "f32", Target.tornado());
    Random random = new Random(seed);
    try (LoadedModel nearModel = SampleModel.load(near);
        LoadedModel farModel = SampleModel.load(far);
        Session expected = nearModel.newSession();
        Session actual = farModel.newSession()) {
      append(List.of(expected, actual), random.ints(230, 32, 127).toArray());
      assertSame(expected, actual);
      for (int step = 0; step < STEPS; step++) {
        int token = expected.greedyToken();
        assertThat(actual.greedyToken()).as("seed %d, step %d", seed, step).isEqualTo(token);
        expected.step(token);
        actual.step(token);
        assertClose(actual.logits(), expected.logits());
      }
      append(List.of(expected, actual), random.ints(7, 32, 127).toArray());
      assertSame(expected, actual);
    }
  }

  private static void append(List<Session> sessions, int[] tokens) {
    sessions.forEach(session -> session.append(Prompt.ofTokens(tokens)));
  }

  private void assertSame(Session expected, Session actual) {
    assertClose(actual.logits(), expected.logits());
    List<SegmentSnapshot> wanted = expected.segments();
    List<SegmentSnapshot> found = actual.segments();
    assertThat(found).hasSameSizeAs(wanted);
    for (int i = 0; i < wanted.size(); i++) {
      assertThat(found.get(i).name()).isEqualTo(wanted.get(i).name());
      assertThat(found.get(i).positions()).isEqualTo(wanted.get(i).positions());
    }
  }

  private void assertClose(float[] actual, float[] expected) {
    assertThat(Arrays.stream(toDoubles(actual)).allMatch(Double::isFinite)).isTrue();
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    assertThat(Math.sqrt(error / norm)).as("seed %d", seed).isLessThan(TOLERANCE);
  }

  private static double[] toDoubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
