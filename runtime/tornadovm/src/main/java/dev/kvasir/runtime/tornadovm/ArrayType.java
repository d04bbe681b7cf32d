package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import java.util.function.IntFunction;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** TornadoVM's arrays through which kernels see buffers. */
enum ArrayType {
  FLOATS(FloatArray.class, FloatArray::new, Float.BYTES),
  INTS(IntArray.class, IntArray::new, Integer.BYTES),
  SHORTS(ShortArray.class, ShortArray::new, Short.BYTES),
  BYTES(ByteArray.class, ByteArray::new, Byte.BYTES);

  private final Class<? extends TornadoNativeArray> arrayClass;
  private final IntFunction<? extends TornadoNativeArray> constructor;
  private final int elementBytes;

  ArrayType(
      Class<? extends TornadoNativeArray> arrayClass,
      IntFunction<? extends TornadoNativeArray> constructor,
      int elementBytes) {
    this.arrayClass = arrayClass;
    this.constructor = constructor;
    this.elementBytes = elementBytes;
  }

  /** {@return the arrays of a format; codes of 8 and 4 bits are bytes} */
  static ArrayType of(StorageFormat format) {
    return switch (format) {
      case F32 -> FLOATS;
      case I32 -> INTS;
      case F16 -> SHORTS;
      case U8, U4 -> BYTES;
      case BF16, I8 ->
          throw new IllegalArgumentException("kernels of this target read no " + format.text());
    };
  }

  Class<? extends TornadoNativeArray> arrayClass() {
    return arrayClass;
  }

  int elementBytes() {
    return elementBytes;
  }

  TornadoNativeArray create(int elements) {
    return constructor.apply(elements);
  }
}
