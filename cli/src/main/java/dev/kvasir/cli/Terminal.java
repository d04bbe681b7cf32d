package dev.kvasir.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Tells terminals from files and pipes, each stream for itself, which {@link System} cannot. Where
 * there is no POSIX {@code isatty}, no stream counts as a terminal.
 */
final class Terminal {
  private static final int STANDARD_OUT = 1;
  private static final int STANDARD_ERROR = 2;

  private Terminal() {}

  /** {@return whether standard output is a terminal} */
  static boolean onStandardOut() {
    return isTerminal(STANDARD_OUT);
  }

  /** {@return whether standard error is a terminal} */
  static boolean onStandardError() {
    return isTerminal(STANDARD_ERROR);
  }

  // isatty is POSIX: int isatty(int descriptor).
  @SuppressWarnings("restricted")
  private static boolean isTerminal(int descriptor) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> isatty = linker.defaultLookup().find("isatty");
    if (isatty.isEmpty()) {
      return false;
    }
    MethodHandle call =
        linker.downcallHandle(
            isatty.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      return (int) call.invokeExact(descriptor) != 0;
    } catch (Throwable thrown) {
      throw new IllegalStateException("isatty declares no exception", thrown);
    }
  }
}
