package dev.kvasir.cli.faults;

import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Writes a plan again, and is gone before a given change of a file, without a chance to clean up.
 */
final class KilledWriter {

  /** The exit status of such an end. */
  static final int STATUS = 137;

  private KilledWriter() {}

  /** Arguments: a plan, the file to write, number of the change from 0. */
  public static void main(String[] arguments) throws IOException {
    int last = Integer.parseInt(arguments[2]);
    int[] count = {0};
    Path target =
        FaultyFileSystem.wrap(
            Path.of(arguments[1]),
            change -> {
              if (count[0]++ == last) {
                Runtime.getRuntime().halt(STATUS);
              }
            });
    PlanWriter.write(PlanReader.read(Path.of(arguments[0])), target);
  }
}
