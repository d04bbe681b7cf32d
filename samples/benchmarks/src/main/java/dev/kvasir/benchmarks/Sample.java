package dev.kvasir.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/**
 * One iteration and what the machine could do in the same second.
 *
 * @param nanos time of an operation
 * @param bytes that an operation has to read or write
 * @param operations multiplications and additions that an operation has to do
 * @param bytesPerSecond that the machine reads with as many threads
 * @param operationsPerSecond multiplications and additions that it does with as many threads
 * @param nanosBeyondKernels part of {@code nanos} that no kernel ran
 */
public record Sample(
    double nanos,
    double bytes,
    double operations,
    double bytesPerSecond,
    double operationsPerSecond,
    double nanosBeyondKernels) {

  /** Property of a fork that names the file to which its measurements are added, one a line. */
  public static final String FILE_PROPERTY = "kvasir.benchmarks.samples";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** {@return time that reading the bytes takes over the time taken, in percent} */
  public double percentOfReading() {
    return 100 * bytes / bytesPerSecond * 1e9 / nanos;
  }

  /** {@return time that the arithmetic takes over the time taken, in percent} */
  public double percentOfArithmetic() {
    return 100 * operations / operationsPerSecond * 1e9 / nanos;
  }

  /** {@return whether reading takes longer than the arithmetic, at the machine's best} */
  public boolean readingBinds() {
    return percentOfReading() >= percentOfArithmetic();
  }

  /** {@return the least possible time over the time taken, in percent} */
  public double percentOfLimit() {
    return Math.max(percentOfReading(), percentOfArithmetic());
  }

  /** {@return the figures in a few words} */
  String text() {
    return String.format(
        Locale.ROOT,
        "%.0f %% of the %s limit: reading %.2f GB/s, arithmetic %.1f Gflop/s",
        percentOfLimit(),
        readingBinds() ? "reading" : "arithmetic",
        bytesPerSecond / 1e9,
        operationsPerSecond / 1e9);
  }

  /** Adds itself to the file that {@link #FILE_PROPERTY} names, if any. */
  void save() {
    String file = System.getProperty(FILE_PROPERTY);
    if (file == null) {
      return;
    }
    double[] fields = {
      nanos, bytes, operations, bytesPerSecond, operationsPerSecond, nanosBeyondKernels
    };
    try {
      Files.writeString(
          Path.of(file),
          JSON.writeValueAsString(fields) + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * {@return the measurements in a file that forks have written}
   *
   * @throws IOException when there is none, or it cannot be read
   */
  public static List<Sample> read(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(Sample::parse).toList();
  }

  private static Sample parse(String line) {
    try {
      double[] fields = JSON.readValue(line, double[].class);
      return new Sample(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
