package dev.kvasir.runtime.backend;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A kernel with the buffers that it is to run on.
 *
 * @param kernel the kernel's name in the plan
 * @param label what the launch does, for errors
 * @param buffers native segments, one for each argument of the kernel; kept, not copied
 */
public record Launch(String kernel, String label, List<MemorySegment> buffers) {

  /** Copies the list. */
  public Launch {
    buffers = List.copyOf(buffers);
  }
}
