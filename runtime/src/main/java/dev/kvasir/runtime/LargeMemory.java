package dev.kvasir.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Set;

/**
 * Memory that is read from end to end for every token. On Linux, where this module has native
 * access, it is mapped for itself and asks for huge pages. Elsewhere, and for buffers that would
 * hold no whole huge page, it is an arena's; a program that did not ask for native access gets no
 * warning about it.
 *
 * <p>Only whole huge pages within the buffer are asked for, so that never more memory is taken than
 * was reserved; and the system provides each when it is first used.
 */
public final class LargeMemory {

  /** Bytes of a huge page, and the alignment of buffers that have one. */
  static final long HUGE_PAGE = 2 << 20;

  private static final int CACHE_LINE = 64;

  // Processors on which Linux has the numbers below.
  private static final Set<String> PROCESSORS = Set.of("amd64", "aarch64");

  private LargeMemory() {}

  /**
   * {@return zeros that are freed with {@code arena}, aligned to a cache line at least}
   *
   * @throws OutOfMemoryError when there is no memory
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    return bytes >= HUGE_PAGE && isSupported()
        ? SystemCalls.map(arena, bytes)
        : arena.allocate(bytes, CACHE_LINE);
  }

  /** {@return whether buffers can have huge pages here} */
  static boolean isSupported() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    return system.equals("linux")
        && PROCESSORS.contains(System.getProperty("os.arch", ""))
        && LargeMemory.class.getModule().isNativeAccessEnabled();
  }

  /** Three calls of the system, looked up when a first large buffer is asked for. */
  @SuppressWarnings("restricted") // asked for only where native access is enabled
  private static final class SystemCalls {

    private static final int READ_AND_WRITE = 3;
    private static final int PRIVATE_AND_ANONYMOUS = 0x22;
    private static final int ADVISE_HUGE_PAGES = 14;
    private static final long FAILED = -1;

    // void *mmap(void *, size_t, int, int, int, off_t)
    private static final MethodHandle MMAP =
        find(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));

    // int munmap(void *, size_t)
    private static final MethodHandle MUNMAP =
        find(
            "munmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

    // int madvise(void *, size_t, int)
    private static final MethodHandle MADVISE =
        find(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    private SystemCalls() {}

    private static MethodHandle find(String name, FunctionDescriptor signature) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
    }

    static MemorySegment map(Arena arena, long bytes) {
      long mappedBytes = Math.addExact(bytes, HUGE_PAGE);
      MemorySegment mapped;
      try {
        mapped =
            (MemorySegment)
                MMAP.invokeExact(
                    MemorySegment.NULL, mappedBytes, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0L);
      } catch (Throwable thrown) {
        throw new IllegalStateException("mmap declares no exception", thrown);
      }
      if (mapped.address() == FAILED) {
        throw new OutOfMemoryError("cannot map %,d bytes".formatted(mappedBytes));
      }
      // What lies before and behind is never touched, and so takes no memory.
      long start = Math.ceilDiv(mapped.address(), HUGE_PAGE) * HUGE_PAGE;
      MemorySegment buffer =
          MemorySegment.ofAddress(start)
              .reinterpret(bytes, arena, unused -> unmap(mapped, mappedBytes));
      advise(buffer);
      return buffer;
    }

    /** Without effect where the system has huge pages turned off: that is its owner's choice. */
    private static void advise(MemorySegment buffer) {
      try {
        int ignored =
            (int)
                MADVISE.invokeExact(
                    buffer, buffer.byteSize() / HUGE_PAGE * HUGE_PAGE, ADVISE_HUGE_PAGES);
      } catch (Throwable thrown) {
        throw new IllegalStateException("madvise declares no exception", thrown);
      }
    }

    private static void unmap(MemorySegment mapped, long bytes) {
      try {
        int ignored = (int) MUNMAP.invokeExact(mapped, bytes);
      } catch (Throwable thrown) {
        throw new IllegalStateException("munmap declares no exception", thrown);
      }
    }
  }
}
