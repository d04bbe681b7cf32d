package dev.kvasir.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Changes safetensors files: the header's JSON, its length, or any byte. */
final class SafetensorsMutator {

  private static final int LENGTH_BYTES = 8;

  private SafetensorsMutator() {}

  /** {@return a copy of a sound file with its header changed, the length mostly repaired} */
  static byte[] mutateHeader(byte[] file, SplittableRandom random) {
    int end = LENGTH_BYTES + (int) littleEndian(file).getLong(0);
    byte[] header = Arrays.copyOfRange(file, LENGTH_BYTES, end);
    byte[] changed = new JsonMutator(random).mutate(Json.read(header));
    byte[] mutant = ByteMutator.splice(file, LENGTH_BYTES, end, changed);
    littleEndian(mutant).putLong(0, changed.length);
    if (random.nextInt(16) == 0) {
      ByteMutator.putExtreme(mutant, 0, random);
    }
    return mutant;
  }

  /** {@return a copy of a sound file with elements changed and the header left as it is} */
  static byte[] mutateData(byte[] file, SplittableRandom random) {
    byte[] mutant = file.clone();
    int begin = LENGTH_BYTES + (int) littleEndian(file).getLong(0);
    for (int i = random.nextInt(1, 20); i > 0 && begin < mutant.length; i--) {
      mutant[random.nextInt(begin, mutant.length)] = (byte) random.nextInt(256);
    }
    return mutant;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
