package dev.kvasir.plans.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Damaged files are refused with the declared exception or read as a file that is valid in its own
 * right; nothing else ever comes out.
 */
class SafetensorsMutationTest {
  private static final int MUTATIONS = 20_000;

  private static byte[] small() {
    return new SafetensorsWriter()
        .metadata("format", "pt")
        .addFloats("weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
        .addInts("tokens", new int[] {7, 8}, 2)
        .addBytes("codes", new byte[] {9, 10, 11}, 3)
        .toBytes();
  }

  @Test
  void theUndamagedFileIsRead() throws SafetensorsException {
    assertThat(RawFile.read(small()).names()).containsExactly("codes", "tokens", "weight");
  }

  @Test
  void refusesEveryTruncation() {
    byte[] whole = small();
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> RawFile.read(part))
          .as("cut to %d bytes", length)
          .isInstanceOf(SafetensorsException.class);
    }
  }

  @Test
  void everyFlippedHeaderBitIsRefusedOrReadAsAValidFile() {
    byte[] whole = small();
    int headerEnd = Long.BYTES + Math.toIntExact(headerLength(whole));
    for (int bit = 0; bit < headerEnd * Byte.SIZE; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
      int shown = bit;
      assertThatCode(() -> refusedOrValid(flipped)).as("bit %d", shown).doesNotThrowAnyException();
    }
  }

  @Test
  void everyMutationIsRefusedOrReadAsAValidFile() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    byte[] whole = small();
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutant = mutate(whole, random);
      try {
        refused += refusedOrValid(mutant) ? 1 : 0;
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + ", mutation " + i, e);
      }
    }
    assertThat(refused).as("seed %d", seed).isGreaterThan(MUTATIONS / 2);
  }

  /** Reads {@code bytes} and returns whether they were refused; otherwise checks the reading. */
  private static boolean refusedOrValid(byte[] bytes) {
    SafetensorsFile file;
    try {
      file = RawFile.read(bytes);
    } catch (SafetensorsException refused) {
      assertThat(refused.place()).startsWith("raw");
      return true;
    }
    List<SafetensorsTensor> tensors = List.copyOf(file.tensors().values());
    long covered = 0;
    for (SafetensorsTensor tensor : tensors) {
      long elements = tensor.shape().stream().reduce(1L, Math::multiplyExact);
      assertThat(tensor.data().byteSize()).isEqualTo(elements * tensor.type().bytes());
      covered += tensor.data().byteSize();
      for (long i = 0; i < elements; i++) {
        if (tensor.type().floating()) {
          tensor.floatAt(i);
        } else {
          tensor.integerAt(i);
        }
      }
    }
    assertThat(covered).isEqualTo(bytes.length - Long.BYTES - headerLength(bytes));
    return false;
  }

  private static byte[] mutate(byte[] whole, Random random) {
    byte[] mutant = whole.clone();
    int edits = 1 + random.nextInt(3);
    for (int edit = 0; edit < edits; edit++) {
      int at = random.nextInt(mutant.length);
      switch (random.nextInt(5)) {
        case 0 -> mutant[at] = (byte) random.nextInt(256);
        case 1 -> mutant[at] = (byte) "0123456789-[]{},:\"".charAt(random.nextInt(18));
        case 2 -> mutant = Arrays.copyOf(mutant, at + 1);
        case 3 -> {
          int from = random.nextInt(mutant.length);
          int length = random.nextInt(1 + mutant.length - Math.max(at, from));
          System.arraycopy(mutant.clone(), from, mutant, at, length);
        }
        default -> mutant = Arrays.copyOf(mutant, mutant.length + 1 + random.nextInt(9));
      }
    }
    return mutant;
  }

  private static long headerLength(byte[] bytes) {
    long length = 0;
    for (int i = Long.BYTES - 1; i >= 0; i--) {
      length = length << Byte.SIZE | Byte.toUnsignedInt(bytes[i]);
    }
    return length;
  }
}
