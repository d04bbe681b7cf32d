package dev.kvasir.cli.tornado;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How a Java virtual machine was started.
 *
 * @param javaHome its installation
 * @param feature its version, as 25
 * @param options gives what it was started with, but the class path and the program's arguments;
 *     asked for only where it is needed, because that takes a while
 * @param classPath the class path
 * @param userHome the user's folder
 * @param kvasirHome the checkout that the launcher belongs to; empty without a launcher
 * @param tornado whether it was started with TornadoVM's argument file
 * @param replaceable whether the process is the command's own, so that another one can do its work
 */
public record ThisJvm(
    Path javaHome,
    int feature,
    Supplier<List<String>> options,
    String classPath,
    Path userHome,
    Optional<Path> kvasirHome,
    boolean tornado,
    boolean replaceable) {

  private static final String ARGUMENT_FILE_SETS = "tornado.load.api.implementation";

  /**
   * {@return the one that runs}
   *
   * @param replaceable whether the process is the command's own
   */
  public static ThisJvm current(boolean replaceable) {
    String kvasirHome = System.getProperty("kvasir.home", "");
    return new ThisJvm(
        Path.of(System.getProperty("java.home", "")),
        Runtime.version().feature(),
        () -> ManagementFactory.getRuntimeMXBean().getInputArguments(),
        System.getProperty("java.class.path", ""),
        Path.of(System.getProperty("user.home", "")),
        kvasirHome.isEmpty() ? Optional.empty() : Optional.of(Path.of(kvasirHome)),
        System.getProperty(ARGUMENT_FILE_SETS) != null,
        replaceable);
  }
}
