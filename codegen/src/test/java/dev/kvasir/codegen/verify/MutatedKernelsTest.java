package dev.kvasir.codegen.verify;

import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.verify.KernelClassVerifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Damaged classes are accepted or refused; nothing else ever comes of one. */
class MutatedKernelsTest {

  private static final int BITS = 256;
  private static final int MUTATIONS = 1_500;

  @Test
  void nothingButTheDeclaredErrorIsThrown() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Kernel> kernels = KernelSamples.all();
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Kernel kernel = kernels.get(random.nextInt(kernels.size()));
      byte[] mutated = mutated(JvmLowering.lower(kernel, BITS), random);
      try {
        KernelClassVerifier.verify(BITS, new TreeMap<>(Map.of(kernel.name(), mutated)));
      } catch (PlanException e) {
        refused++;
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed %d, mutation %d of %s".formatted(seed, i, kernel.name()), e);
      }
    }
    if (refused < MUTATIONS / 4) {
      throw new AssertionError("seed %d: only %d were refused".formatted(seed, refused));
    }
  }

  private static byte[] mutated(byte[] file, Random random) {
    byte[] bytes = file.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 2), (byte) 0xff);
        default -> bytes[at] = 0;
      }
    }
    return random.nextInt(10) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }
}
