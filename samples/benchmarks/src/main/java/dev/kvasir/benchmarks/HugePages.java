package dev.kvasir.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/** Memory in huge pages where Linux grants them, as the caches of sessions have it. */
final class HugePages {
  private static final long SIZE = 2 << 20;
  private static final int ADVISE_HUGE_PAGES = 14;

  private HugePages() {}

  /** {@return whether such memory can be asked for here} */
  static boolean isSupported() {
    return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux");
  }

  /** {@return memory that is freed with {@code arena} and holds anything} */
  @SuppressWarnings("restricted") // forks and tests enable native access
  static MemorySegment allocate(Arena arena, long bytes) {
    MethodHandle allocate =
        find(
            "aligned_alloc",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    MethodHandle advise =
        find(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
    MethodHandle free = find("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    long rounded = Math.ceilDiv(bytes, SIZE) * SIZE;
    try {
      MemorySegment memory = (MemorySegment) allocate.invokeExact(SIZE, rounded);
      if (memory.address() == 0) {
        throw new OutOfMemoryError("cannot allocate %,d bytes".formatted(rounded));
      }
      // Refused where the system has huge pages turned off: then pages are small.
      int ignored = (int) advise.invokeExact(memory, rounded, ADVISE_HUGE_PAGES);
      return memory.reinterpret(bytes, arena, unused -> release(free, memory));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable thrown) {
      throw new IllegalStateException("the functions declare no exceptions", thrown);
    }
  }

  private static void release(MethodHandle free, MemorySegment memory) {
    try {
      free.invokeExact(memory);
    } catch (Throwable thrown) {
      throw new IllegalStateException("free declares no exception", thrown);
    }
  }

  @SuppressWarnings("restricted") // forks and tests enable native access
  private static MethodHandle find(String name, FunctionDescriptor signature) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
  }
}
