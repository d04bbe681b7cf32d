package dev.kvasir.benchmarks.gpu;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Everything that a run of the suite measured.
 *
 * @param date when it began, UTC
 * @param command the suite's arguments
 * @param device name of the device
 * @param backend what ran the kernels
 * @param java the Java virtual machine
 * @param measures kernels
 * @param taskNanos host time of a task that has nothing to do, in each round
 * @param steps decode steps of a whole model; none or one
 * @param peer PyTorch
 * @param skipped what was not measured, and why
 */
record GpuReport(
    String date,
    String command,
    String device,
    String backend,
    String java,
    List<Measure> measures,
    List<Double> taskNanos,
    List<ModelSteps.Result> steps,
    Peer peer,
    List<String> skipped) {

  /** Writes it as JSON. */
  void write(Path file) throws IOException {
    JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValue(file.toFile(), this);
  }
}
