package dev.kvasir.runtime.backend;

import java.lang.foreign.MemorySegment;

/** The kernels of one plan, ready to run on one device. Launches run one at a time. */
public interface Backend extends AutoCloseable {

  /** {@return what runs the kernels, for people: {@code jvm, 512-bit vectors, 8 threads}} */
  String description();

  /**
   * {@return a launch of {@code kernel} over these buffers}
   *
   * @param kernel the kernel's name in the plan
   * @param label what the launch does, for errors
   * @param buffers native segments, one for each argument of the kernel; kept, not copied
   */
  PreparedLaunch prepare(String kernel, String label, MemorySegment[] buffers);

  /** Ends the threads of the back end. No launch may run. */
  @Override
  void close();
}
