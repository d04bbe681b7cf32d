package dev.kvasir.benchmarks.suite;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import jdk.incubator.vector.FloatVector;

/**
 * What the figures were measured on.
 *
 * @param processor its name
 * @param processors how many the Java virtual machine may use
 * @param vectorBits width of the preferred vectors
 * @param system operating system
 * @param java the Java virtual machine
 */
public record Machine(
    String processor, int processors, int vectorBits, String system, String java) {

  /** {@return this machine} */
  public static Machine here() {
    return new Machine(
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
  }

  private static String processorName() {
    Path facts = Path.of("/proc/cpuinfo");
    try {
      if (Files.exists(facts)) {
        for (String line : Files.readAllLines(facts)) {
          if (line.startsWith("model name")) {
            return line.substring(line.indexOf(':') + 1).strip();
          }
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
    return System.getProperty("os.arch");
  }

  /** {@return the processor as a part of a file name} */
  public String slug() {
    return processor
        .toLowerCase(Locale.ROOT)
        .replaceAll("\\(.*?\\)", "")
        .replaceAll("[^a-z0-9]+", "-")
        .replaceAll("^-|-$", "");
  }

  /** {@return the load average of the last minute; negative where it is not known} */
  static double load() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }
}
