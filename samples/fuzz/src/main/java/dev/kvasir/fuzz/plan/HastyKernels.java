package dev.kvasir.fuzz.plan;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * While open, asks the virtual machine to compile kernels quickly rather than well: those of a
 * random plan run for moments only, and optimising them takes longer than they do. Vector
 * operations, which all plans share, are optimised by themselves and called. Virtual machines that
 * take no such orders compile kernels as usual. Results are the same.
 */
final class HastyKernels implements AutoCloseable {
  private static final String BEAN = "com.sun.management:type=DiagnosticCommand";
  private static final String DIRECTIVES =
      """
      [
        {
          match: ["dev/kvasir/kernels*.*"],
          c1: { inline: ["-jdk/incubator/vector/*.*"] },
          c2: { Exclude: true }
        }
      ]
      """;

  private final boolean obeyed;

  /**
   * Asks.
   *
   * @param folder where the orders are written
   * @throws IOException when the folder cannot be written
   */
  HastyKernels(Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("compiler-directives.json"), DIRECTIVES);
    obeyed = command("compilerDirectivesAdd", file.toString());
  }

  /** {@return whether there is someone to be told} */
  private static boolean command(String operation, String... arguments) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      ObjectName bean = new ObjectName(BEAN);
      if (!server.isRegistered(bean)) {
        return false;
      }
      if (arguments.length == 0) {
        server.invoke(bean, operation, new Object[0], new String[0]);
      } else {
        server.invoke(
            bean, operation, new Object[] {arguments}, new String[] {String[].class.getName()});
      }
      return true;
    } catch (JMException e) {
      throw new IllegalStateException("the virtual machine refuses " + operation, e);
    }
  }

  /** Lets kernels be compiled as usual again. */
  @Override
  public void close() {
    if (obeyed) {
      command("compilerDirectivesRemove");
    }
  }
}
