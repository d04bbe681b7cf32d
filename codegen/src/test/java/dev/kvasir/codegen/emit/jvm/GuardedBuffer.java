package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A memory of the interpreter as a 64-byte aligned native segment between guard bytes. Elements
 * that nothing wrote hold a NaN of its own kind, in i32 a strange number. Codes, which have no such
 * number, are all written before.
 */
final class GuardedBuffer {

  private static final int ALIGNMENT = 64;
  private static final byte GUARD = (byte) 0xe7;
  private static final int POISON_F32 = 0x7fc5a5a5;
  private static final short POISON_BF16 = 0x7fe5;
  private static final short POISON_F16 = 0x7e65;
  private static final byte POISON_I8 = (byte) 0x95;
  private static final int POISON_I32 = 0xa5a5a5a5;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final KernelMemory memory;
  private final MemorySegment whole;
  private final MemorySegment content;
  private final MemorySegment before;

  private GuardedBuffer(KernelMemory memory, MemorySegment whole, MemorySegment before) {
    this.memory = memory;
    this.whole = whole;
    this.content = whole.asSlice(ALIGNMENT, before.byteSize());
    this.before = before;
  }

  static GuardedBuffer of(KernelMemory memory, Arena arena) {
    long bytes = bytes(memory);
    MemorySegment whole = arena.allocate(bytes + 2 * ALIGNMENT, ALIGNMENT).fill(GUARD);
    MemorySegment before = arena.allocate(bytes, ALIGNMENT);
    for (long i = 0; i < memory.size(); i++) {
      write(before, memory, i);
    }
    GuardedBuffer buffer = new GuardedBuffer(memory, whole, before);
    buffer.content.copyFrom(before);
    return buffer;
  }

  private static long bytes(KernelMemory memory) {
    ElementFormat format = memory.format();
    return format.isCode()
        ? Math.ceilDiv(memory.size(), (long) format.blockElements()) * 64
        : memory.size() * format.bytes();
  }

  /** The byte of a code's integer, by the definition of a block. */
  private static long codeInteger(ElementFormat format, long i) {
    return i / format.blockElements() * 64 + i % 16 * 4;
  }

  private static int codeShift(ElementFormat format, long i) {
    return (int) (i % format.blockElements() / 16) * format.bits();
  }

  private static void write(MemorySegment target, KernelMemory memory, long i) {
    boolean known = memory.isInitialised(i);
    switch (memory.format()) {
      case F32 ->
          target.set(INT, i * 4, known ? Float.floatToRawIntBits(memory.getFloat(i)) : POISON_F32);
      case BF16 ->
          target.set(
              SHORT, i * 2, known ? ElementFormat.toBfloat16(memory.getFloat(i)) : POISON_BF16);
      case F16 ->
          target.set(SHORT, i * 2, known ? Float.floatToFloat16(memory.getFloat(i)) : POISON_F16);
      case I32 -> target.set(INT, i * 4, known ? memory.getInt(i) : POISON_I32);
      case I8 ->
          target.set(ValueLayout.JAVA_BYTE, i, known ? (byte) memory.getFloat(i) : POISON_I8);
      case U8, U4 -> {
        if (!known) {
          throw new IllegalArgumentException("code " + i + " was never written");
        }
        long at = codeInteger(memory.format(), i);
        int code = (int) memory.getFloat(i) << codeShift(memory.format(), i);
        target.set(INT, at, target.get(INT, at) | code);
      }
    }
  }

  MemorySegment segment() {
    return content;
  }

  /** Fails when bytes outside the buffer, or with {@code readOnly} inside, are others now. */
  void requireIntact(String name, boolean readOnly) {
    for (long at = 0; at < whole.byteSize(); at++) {
      boolean guard = at < ALIGNMENT || at >= ALIGNMENT + content.byteSize();
      if (guard && whole.get(ValueLayout.JAVA_BYTE, at) != GUARD) {
        throw new AssertionError("bytes around buffer " + name + " were overwritten");
      }
    }
    if (readOnly && content.mismatch(before) >= 0) {
      throw new AssertionError("buffer " + name + " is only read, but was written");
    }
  }

  private int bits(MemorySegment segment, long i) {
    return switch (memory.format().bytes()) {
      case Byte.BYTES -> segment.get(ValueLayout.JAVA_BYTE, i);
      case Short.BYTES -> segment.get(SHORT, i * Short.BYTES);
      default -> segment.get(INT, i * Integer.BYTES);
    };
  }

  /** Copies what the kernel wrote back into the memory. */
  void readBack() {
    for (long i = 0; i < memory.size(); i++) {
      if (memory.format().isCode()) {
        int integer = content.get(INT, codeInteger(memory.format(), i));
        int code = integer >>> codeShift(memory.format(), i);
        memory.setFloat(i, code & memory.format().largestCode());
        continue;
      }
      if (!memory.isInitialised(i) && bits(content, i) == bits(before, i)) {
        continue;
      }
      switch (memory.format()) {
        case F32 -> memory.setFloat(i, Float.intBitsToFloat(content.get(INT, i * 4)));
        case BF16 -> memory.setFloat(i, ElementFormat.fromBfloat16(content.get(SHORT, i * 2)));
        case F16 -> memory.setFloat(i, Float.float16ToFloat(content.get(SHORT, i * 2)));
        case I32 -> memory.setInt(i, content.get(INT, i * 4));
        case I8 -> memory.setFloat(i, content.get(ValueLayout.JAVA_BYTE, i));
        case U8, U4 -> throw new IllegalStateException("codes are read above");
      }
    }
  }
}
