package dev.kvasir.codegen.emit.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The device finds every fault it promises to find, and no other. */
final class DeviceTest {

  private static final int THREADS = 32;

  private final long seed = new Random().nextLong();

  private FloatArray run(String method, int... grid) throws IOException {
    float[] values = new float[100];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    FloatArray data = new FloatArray("data", values);
    String file = FaultyKernels.class.getSimpleName() + ".class";
    try (InputStream stream = FaultyKernels.class.getResourceAsStream(file)) {
      byte[] bytes = Objects.requireNonNull(stream).readAllBytes();
      Device.of(seed).run(bytes, method, THREADS, new Object[] {"context", data}, grid);
    }
    return data;
  }

  @ParameterizedTest
  @CsvSource({
    "localRace, RACE",
    "localOverwrite, RACE",
    "localRaceBehindGlobalBarrier, RACE",
    "globalRace, RACE",
    "globalRaceBehindLocalBarrier, RACE",
    "unwrittenLocal, POISON",
    "localOutOfBounds, BOUNDS",
    "globalOutOfBounds, BOUNDS",
    "missedBarrier, DIVERGENCE",
    "differentBarriers, DIVERGENCE",
    "differentArrays, ALLOCATION"
  })
  void findsFaultsWithinAGroup(String method, DeviceException.Fault fault) {
    requireFault(method, fault, 1);
  }

  @ParameterizedTest
  @CsvSource({"groupsWriteOne, RACE", "groupsReadWhatOneWrote, RACE"})
  void findsRacesBetweenGroups(String method, DeviceException.Fault fault) throws IOException {
    requireFault(method, fault, 2);
    assertThat(run(method, 1)).isNotNull();
  }

  private void requireFault(String method, DeviceException.Fault fault, int groups) {
    assertThatThrownBy(() -> run(method, groups))
        .as("seed %d, %s", seed, method)
        .isInstanceOf(DeviceException.class)
        .extracting(problem -> ((DeviceException) problem).fault())
        .isEqualTo(fault);
  }

  @Test
  void letsSoundKernelsPass() throws IOException {
    float[] result = run("reversed", 2, 1, 1).toHeapArray();
    for (int i = 0; i < 2 * THREADS; i++) {
      int group = i / THREADS;
      assertThat(result[i])
          .as("seed %d, element %d", seed, i)
          .isEqualTo(group * THREADS + (THREADS - 1 - i % THREADS));
    }
  }
}
