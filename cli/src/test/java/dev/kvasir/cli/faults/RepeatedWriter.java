package dev.kvasir.cli.faults;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Path;

/** Writes one plan many times. */
final class RepeatedWriter {

  private RepeatedWriter() {}

  /** Arguments: a plan, the file to write, how often. */
  public static void main(String[] arguments) throws IOException {
    Plan plan = PlanReader.read(Path.of(arguments[0]));
    for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
      PlanWriter.write(plan, Path.of(arguments[1]));
    }
  }
}
