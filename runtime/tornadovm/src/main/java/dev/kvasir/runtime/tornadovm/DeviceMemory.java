package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/**
 * The arrays of one session on the device.
 *
 * <p>Two buffers of the host at one address are never in use at once, so where kernels see them
 * through the same type of array, they share one.
 */
final class DeviceMemory {

  private final TornadoXPUDevice device;
  private final long session;
  private final Map<Place, Slot> slots = new HashMap<>();
  private final Set<Integer> hashes = new HashSet<>();
  private final Map<Integer, DeviceArray> constants = new HashMap<>();
  private final Map<DeviceArray, DeviceArray> aliases = new HashMap<>();
  private final List<DeviceArray> all = new ArrayList<>();
  private final List<Slot> changed = new ArrayList<>();

  /** What tells arrays apart. */
  private record Place(long address, ArrayType type) {}

  /** An array to be, and what the host has in it. */
  private static final class Slot {
    private MemorySegment largest;
    private Optional<DeviceArray> array = Optional.empty();
    private @Nullable MemorySegment written;

    Slot(MemorySegment largest) {
      this.largest = largest;
    }
  }

  /**
   * @param session TornadoVM's number for what runs in one queue
   */
  DeviceMemory(TornadoXPUDevice device, long session) {
    this.device = device;
    this.session = session;
  }

  private static Place place(MemorySegment buffer, StorageFormat format) {
    return new Place(buffer.address(), ArrayType.of(format));
  }

  /** Makes room for a buffer; before the first {@link #array}. */
  void reserve(MemorySegment buffer, StorageFormat format) {
    Slot slot = slots.computeIfAbsent(place(buffer, format), unused -> new Slot(buffer));
    if (slot.array.isPresent() && slot.array.get().elements().byteSize() < buffer.byteSize()) {
      throw new IllegalStateException("a launch is prepared after another one has run");
    }
    if (slot.largest.byteSize() < buffer.byteSize()) {
      slot.largest = buffer;
    }
  }

  /** {@return the array of a buffer that was reserved, with the buffer's content on the device} */
  DeviceArray array(MemorySegment buffer, StorageFormat format) {
    Slot slot = slots.get(place(buffer, format));
    if (slot == null) {
      throw new IllegalArgumentException("a buffer that no launch names");
    }
    if (slot.array.isEmpty()) {
      DeviceArray array = allocate(format, slot.largest.byteSize());
      slot.array = Optional.of(array);
      write(array, slot.largest);
    }
    return slot.array.get();
  }

  /**
   * {@return {@code array}, or another one for the same memory where {@code taken} has it: a task
   * that takes one array twice would wait for itself}
   */
  DeviceArray unless(List<DeviceArray> taken, DeviceArray array, StorageFormat format) {
    DeviceArray free = array;
    while (taken.contains(free)) {
      free = aliases.computeIfAbsent(free, known -> distinct(() -> known.alias(format)));
    }
    return free;
  }

  /** {@return an array that TornadoVM tells apart from the others: it goes by hash codes} */
  private DeviceArray distinct(Supplier<DeviceArray> arrays) {
    DeviceArray array = arrays.get();
    while (!hashes.add(array.array().hashCode())) {
      array = arrays.get();
    }
    return array;
  }

  /** {@return an array of zeros of the memory's own} */
  DeviceArray allocate(StorageFormat format, long bytes) {
    DeviceArray array = distinct(() -> DeviceArray.of(format, bytes));
    device.allocate(array.array(), 0, array.state(), Access.READ_WRITE);
    array.state().setLockBuffer(true);
    all.add(array);
    return array;
  }

  /** {@return an array of one integer, which never changes} */
  DeviceArray constant(int value) {
    return constants.computeIfAbsent(
        value,
        unused -> {
          DeviceArray array = allocate(StorageFormat.I32, Integer.BYTES);
          array.elements().set(ValueLayout.JAVA_INT_UNALIGNED, 0, value);
          upload(array);
          return array;
        });
  }

  /** Remembers that the host wrote to a buffer. */
  void written(MemorySegment buffer, StorageFormat format) {
    Slot slot = slots.get(place(buffer, format));
    if (slot != null && slot.array.isPresent()) {
      if (slot.written == null) {
        changed.add(slot);
      }
      slot.written = buffer;
    }
  }

  /** Copies what the host wrote, where launches have used it before. */
  void update() {
    for (Slot slot : changed) {
      MemorySegment buffer = slot.written;
      if (buffer != null) {
        write(slot.array.orElseThrow(), buffer);
      }
      slot.written = null;
    }
    changed.clear();
  }

  /** Copies what launches left in a buffer, if some have used it. */
  void read(MemorySegment buffer, StorageFormat format) {
    Slot slot = slots.get(place(buffer, format));
    if (slot != null && slot.array.isPresent()) {
      DeviceArray array = slot.array.get();
      device.streamOutBlocking(session, array.array(), 0, array.state(), null);
      MemorySegment.copy(array.elements(), 0, buffer, 0, buffer.byteSize());
    }
  }

  /** Copies the first bytes of an array from the host. */
  void write(DeviceArray array, MemorySegment content) {
    MemorySegment.copy(content, 0, array.elements(), 0, content.byteSize());
    upload(array);
  }

  /** Copies an array to the device. */
  void upload(DeviceArray array) {
    device.streamIn(session, array.array(), 0, 0, array.state(), null);
  }

  /** Waits for the device, and gives it all memory back. */
  void close() {
    device.sync(session);
    all.forEach(this::free);
    all.clear();
    slots.clear();
    changed.clear();
  }

  private void free(DeviceArray array) {
    array.state().setLockBuffer(false);
    device.deallocate(array.state());
  }
}
