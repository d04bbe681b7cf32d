package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.PackedCodes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * The array that a device holds for a buffer of the interpreter. Elements that nothing ever wrote
 * are poison: NaN where the format has one, codes of 5 and other integers otherwise.
 */
final class DeviceMemory {

  static final int POISON_INT = 0x5eedbeef;
  private static final byte POISON_CODES = 0x55;

  private final String name;
  private final ElementFormat format;
  private final int size;
  private final Object array;

  private DeviceMemory(String name, ElementFormat format, int size, Object array) {
    this.name = name;
    this.format = format;
    this.size = size;
    this.array = array;
  }

  static DeviceMemory of(String name, KernelMemory memory) {
    int size = Math.toIntExact(memory.size());
    Object array =
        switch (memory.format()) {
          case F32 -> new FloatArray(name, memory.toFloats());
          case I32 -> new IntArray(name, ints(memory));
          case F16 -> new ShortArray(name, halves(memory));
          case U8, U4 -> new ByteArray(name, codes(memory));
          case BF16, I8 ->
              throw new IllegalArgumentException("no device holds " + memory.format().text());
        };
    return new DeviceMemory(name, memory.format(), size, array);
  }

  private static int[] ints(KernelMemory memory) {
    int[] values = new int[(int) memory.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = memory.isInitialised(i) ? memory.getInt(i) : POISON_INT;
    }
    return values;
  }

  private static short[] halves(KernelMemory memory) {
    short[] values = new short[(int) memory.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.floatToFloat16(memory.getFloat(i));
    }
    return values;
  }

  private static byte[] codes(KernelMemory memory) {
    int bits = memory.format().bits();
    byte[] bytes = new byte[(int) PackedCodes.bytes(bits, memory.size())];
    Arrays.fill(bytes, POISON_CODES);
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int i = 0; i < memory.size(); i++) {
      if (memory.isInitialised(i)) {
        PackedCodes.set(segment, bits, i, (int) memory.getFloat(i));
      }
    }
    return bytes;
  }

  Object array() {
    return array;
  }

  /** {@return the content of a buffer of numbers, as floats} */
  float[] toFloats() {
    return switch (array) {
      case FloatArray floats -> floats.toHeapArray();
      case ShortArray halves -> {
        short[] bits = halves.toHeapArray();
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
          values[i] = Float.float16ToFloat(bits[i]);
        }
        yield values;
      }
      case ByteArray codes -> {
        MemorySegment segment = MemorySegment.ofArray(codes.toHeapArray());
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
          values[i] = PackedCodes.get(segment, format.bits(), i);
        }
        yield values;
      }
      default -> throw new IllegalStateException("buffer " + name + " holds no numbers");
    };
  }

  /** {@return the content of an i32 buffer} */
  int[] toInts() {
    return ((IntArray) array).toHeapArray();
  }

  /** {@return what an element of codes holds that nothing ever wrote} */
  float poison() {
    return POISON_CODES & format.largestCode();
  }
}
