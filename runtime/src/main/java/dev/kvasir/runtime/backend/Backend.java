package dev.kvasir.runtime.backend;

/** The kernels of one plan, ready to run on one device. Launches run one at a time. */
public interface Backend extends AutoCloseable {

  /** {@return what runs the kernels, for people: {@code jvm, 512-bit vectors, 8 threads}} */
  String description();

  /**
   * {@return what the results of a kernel may depend on beside this Java virtual machine and its
   * processor: the width of vectors, a device and its driver}
   */
  String fingerprint();

  /** {@return what the names of all plan entries begin with that this back end loads} */
  String kernelFolder();

  /** {@return the most launches that are worth preparing together, at least 1} */
  int mostLaunches();

  /**
   * {@return whether kernels work in the very buffers that launches name, so that workspaces with
   * the same buffers see what each other's launches write}
   */
  boolean sharesBuffers();

  /**
   * {@return room for the launches of one session}
   *
   * @throws dev.kvasir.runtime.KvasirException {@link dev.kvasir.runtime.ErrorCode#OUT_OF_MEMORY}
   *     when the device has no memory for another one
   */
  Workspace open();

  /** Ends the back end. No launch may run. */
  @Override
  void close();
}
