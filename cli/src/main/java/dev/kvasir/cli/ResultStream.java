package dev.kvasir.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Optional;

/**
 * Standard output for results alone. TornadoVM, its native code and the drivers of devices write
 * what they have to say to standard output as well; it goes to standard error.
 */
final class ResultStream extends OutputStream {
  private static final int STANDARD_OUT = 1;
  private static final int STANDARD_ERROR = 2;

  private final MethodHandle write;
  private final int descriptor;

  private ResultStream(MethodHandle write, int descriptor) {
    this.write = write;
    this.descriptor = descriptor;
  }

  /**
   * {@return the process's standard output, to which nothing else can write from now on}
   *
   * <p>Where there are no POSIX calls, it is shared.
   */
  static OutputStream take() {
    // int dup(int), int dup2(int, int), ssize_t write(int, const void *, size_t)
    ValueLayout.OfInt number = ValueLayout.JAVA_INT;
    Optional<MethodHandle> dup = find("dup", FunctionDescriptor.of(number, number));
    Optional<MethodHandle> dup2 = find("dup2", FunctionDescriptor.of(number, number, number));
    Optional<MethodHandle> write =
        find(
            "write",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, number, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    if (dup.isEmpty() || dup2.isEmpty() || write.isEmpty()) {
      return new FileOutputStream(FileDescriptor.out);
    }
    try {
      int results = (int) dup.get().invokeExact(STANDARD_OUT);
      boolean taken =
          results >= 0 && (int) dup2.get().invokeExact(STANDARD_ERROR, STANDARD_OUT) >= 0;
      return taken
          ? new ResultStream(write.get(), results)
          : new FileOutputStream(FileDescriptor.out);
    } catch (Throwable thrown) {
      throw new IllegalStateException("dup and dup2 declare no exception", thrown);
    }
  }

  @SuppressWarnings("restricted") // the launcher gives the command native access
  private static Optional<MethodHandle> find(String name, FunctionDescriptor signature) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(function -> linker.downcallHandle(function, signature));
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, bytes.length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rest = arena.allocate(count);
      MemorySegment.copy(bytes, from, rest, ValueLayout.JAVA_BYTE, 0, count);
      while (rest.byteSize() > 0) {
        long written = call(rest);
        if (written < 0) {
          throw new IOException("standard output takes no more");
        }
        rest = rest.asSlice(written);
      }
    }
  }

  private long call(MemorySegment rest) {
    try {
      return (long) write.invokeExact(descriptor, rest, rest.byteSize());
    } catch (Throwable thrown) {
      throw new IllegalStateException("write declares no exception", thrown);
    }
  }
}
