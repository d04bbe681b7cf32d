package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.emit.tornado.device.Device;
import java.util.Random;

/** The chance in one test, its numbers and the order of the device's threads, and its seed. */
final class Trial {

  static final int[][] NO_DIMS = {{}};

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);

  Random random() {
    return random;
  }

  Device device() {
    return device;
  }

  /** {@return what makes a failure happen again} */
  String description() {
    return "seed " + seed;
  }

  float[] normal(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Asserts that a kernel without dims does the same for one sequence on both. */
  void agree(TwinRun run) {
    run.agree(description(), device, NO_DIMS, 1);
  }
}
