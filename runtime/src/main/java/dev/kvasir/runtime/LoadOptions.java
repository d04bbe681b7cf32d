package dev.kvasir.runtime;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a plan is loaded. Immutable: each method returns a changed copy.
 *
 * @param threads threads that run kernels, the caller's included, at least 1
 * @param vectorBits width of the kernels' vectors; empty for the one that this machine prefers
 * @param fullCheck whether every byte of the model is hashed and every kernel checked even if it
 *     was before
 * @param cacheFolder where it is remembered which kernels were checked; empty for nowhere
 * @param device id or name of the device that runs kernels; empty for the first one of the plan's
 *     target
 * @param trustKernels whether plans of others run where kernels have no bounds checks. Such a
 *     kernel can do anything that this process can
 */
public record LoadOptions(
    int threads,
    OptionalInt vectorBits,
    boolean fullCheck,
    Optional<Path> cacheFolder,
    Optional<String> device,
    boolean trustKernels) {

  /** Checks ranges. */
  public LoadOptions {
    if (threads < 1) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID, "the number of threads must be at least 1, got " + threads);
    }
  }

  /** Options for the first device, without trust in plans of others. */
  public LoadOptions(
      int threads, OptionalInt vectorBits, boolean fullCheck, Optional<Path> cacheFolder) {
    this(threads, vectorBits, fullCheck, cacheFolder, Optional.empty(), false);
  }

  /**
   * {@return all processors, preferred vectors, the user's own cache folder, the first device, no
   * trust in plans of others}
   */
  public static LoadOptions defaults() {
    return new LoadOptions(
        Runtime.getRuntime().availableProcessors(),
        OptionalInt.empty(),
        false,
        VerifiedKernels.defaultFolder());
  }

  /** {@return a copy with {@code count} threads, at least 1} */
  public LoadOptions threads(int count) {
    return new LoadOptions(count, vectorBits, fullCheck, cacheFolder, device, trustKernels);
  }

  /** {@return a copy with kernels of {@code bits} wide vectors: 128, 256 or 512} */
  public LoadOptions vectorBits(int bits) {
    return new LoadOptions(
        threads, OptionalInt.of(bits), fullCheck, cacheFolder, device, trustKernels);
  }

  /** {@return a copy with or without the check of every byte and every kernel} */
  public LoadOptions fullCheck(boolean value) {
    return new LoadOptions(threads, vectorBits, value, cacheFolder, device, trustKernels);
  }

  /** {@return a copy that remembers checked kernels in {@code folder}} */
  public LoadOptions cacheFolder(Path folder) {
    return new LoadOptions(
        threads, vectorBits, fullCheck, Optional.of(folder), device, trustKernels);
  }

  /** {@return a copy that runs kernels on the device with this id or name} */
  public LoadOptions device(String idOrName) {
    return new LoadOptions(
        threads, vectorBits, fullCheck, cacheFolder, Optional.of(idOrName), trustKernels);
  }

  /** {@return a copy with or without trust in plans of others, as {@link #trustKernels} has it} */
  public LoadOptions trustKernels(boolean value) {
    return new LoadOptions(threads, vectorBits, fullCheck, cacheFolder, device, value);
  }
}
