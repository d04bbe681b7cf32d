package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;
import uk.ac.manchester.tornado.runtime.common.XPUDeviceBufferState;

/**
 * A buffer on the device, with the array that stands for it in TornadoVM and holds what is copied
 * to and fro.
 *
 * @param array of the type that kernels have for the format
 * @param state which memory of the device it has
 */
record DeviceArray(TornadoNativeArray array, XPUDeviceBufferState state) {

  /**
   * {@return an array of zeros, without memory on the device}
   *
   * @param bytes its size, at least that of one element
   */
  static DeviceArray of(StorageFormat format, long bytes) {
    int elements = Math.toIntExact(bytes * Byte.SIZE / type(format).bits());
    TornadoNativeArray array = array(format, elements);
    array.getSegment().fill((byte) 0);
    return new DeviceArray(array, new XPUDeviceBufferState());
  }

  private static TornadoNativeArray array(StorageFormat format, int elements) {
    return switch (type(format)) {
      case F32 -> new FloatArray(elements);
      case I32 -> new IntArray(elements);
      case F16 -> new ShortArray(elements);
      case U8 -> new ByteArray(elements);
      case BF16, I8, U4 -> throw new IllegalStateException("no array type of its own");
    };
  }

  /** {@return another array for the same memory of the device, into which nothing is copied} */
  DeviceArray alias(StorageFormat format) {
    return new DeviceArray(array(format, 1), state);
  }

  /** {@return the format by whose array kernels see this one: codes are bytes} */
  static StorageFormat type(StorageFormat format) {
    return switch (format) {
      case F32, F16, I32 -> format;
      case U8, U4 -> StorageFormat.U8;
      case BF16, I8 ->
          throw new IllegalArgumentException("kernels of this target read no " + format.text());
    };
  }

  /** {@return the elements, without what TornadoVM puts in front of them} */
  MemorySegment elements() {
    return array.getSegment();
  }
}
