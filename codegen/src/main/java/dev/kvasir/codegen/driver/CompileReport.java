package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.Diagnostic;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a compilation did, for people.
 *
 * @param model the model in a line
 * @param policy name of the policy
 * @param calibration the file that chose what the policy gives as a share, and how it was made
 * @param convolutions the file with which rows are folded, and how it was made
 * @param passes every pass in order
 * @param kernels every kernel of the plan
 * @param fullKvBytes cache bytes at {@code context} if nothing were compressed, in the target's
 *     default format
 * @param kvBytes cache bytes of the plan at {@code context}
 * @param context most true tokens
 * @param dominantPart the largest part of the cache, for example {@code layer 1 dense}
 * @param dominantBytes its bytes at {@code context}
 * @param peakBytes cache and working storage together at {@code context}
 * @param warnings what the user should know
 */
public record CompileReport(
    String model,
    String policy,
    Optional<String> calibration,
    Optional<String> convolutions,
    List<PassTime> passes,
    List<KernelLine> kernels,
    long fullKvBytes,
    long kvBytes,
    int context,
    String dominantPart,
    long dominantBytes,
    long peakBytes,
    List<Diagnostic> warnings) {

  /** Copies the lists. */
  public CompileReport {
    passes = List.copyOf(passes);
    kernels = List.copyOf(kernels);
    warnings = List.copyOf(warnings);
  }

  /** {@return the same with one more warning} */
  CompileReport withWarning(Diagnostic warning) {
    return new CompileReport(
        model,
        policy,
        calibration,
        convolutions,
        passes,
        kernels,
        fullKvBytes,
        kvBytes,
        context,
        dominantPart,
        dominantBytes,
        peakBytes,
        Stream.concat(warnings.stream(), Stream.of(warning)).toList());
  }

  /**
   * One pass.
   *
   * @param id its name
   * @param time how long it took
   * @param changed whether the graph is another one
   */
  public record PassTime(String id, Duration time, boolean changed) {}

  /**
   * One kernel.
   *
   * @param name its name
   * @param summary what is fused in it
   */
  public record KernelLine(String name, String summary) {}
}
