package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
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
    ArrayType type = ArrayType.of(format);
    TornadoNativeArray array = type.create(Math.toIntExact(bytes / type.elementBytes()));
    array.getSegment().fill((byte) 0);
    return new DeviceArray(array, new XPUDeviceBufferState());
  }

  /** {@return another array for the same memory of the device, into which nothing is copied} */
  DeviceArray alias(StorageFormat format) {
    return new DeviceArray(ArrayType.of(format).create(1), state);
  }

  /** {@return the elements, without what TornadoVM puts in front of them} */
  MemorySegment elements() {
    return array.getSegment();
  }
}
