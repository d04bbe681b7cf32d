package dev.kvasir.cli.tornado;

import dev.kvasir.cli.tornado.TornadoStart.Child;
import dev.kvasir.cli.tornado.TornadoStart.Here;
import dev.kvasir.cli.tornado.TornadoStart.Missing;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Decides where work that needs TornadoVM is done, and how a process for it is started. */
public final class TornadoLauncher {
  private static final String MODULE = "kvasir-runtime-tornadovm";
  private static final String MODULE_BUILDS_IN = "runtime/tornadovm/target";
  private static final String MAIN = "dev.kvasir.cli.Main";
  private static final int FEATURE = 25;

  /** The argument file chooses a garbage collector, and Java takes no second choice. */
  private static final Predicate<String> CHOOSES_COLLECTOR =
      Pattern.compile("-XX:[+-]Use\\w*GC").asMatchPredicate();

  // TornadoVM would give out 4 GiB at most; the device itself says when it has no more.
  private static final String MEMORY = "-Dtornado.device.memory=1024TB";

  /**
   * Without the first, TornadoVM would answer a kernel that it cannot compile by running it as
   * plain Java, with wrong results. The second lets it take kernels that are no files.
   */
  private static final List<String> ALWAYS =
      List.of(
          "-Dtornado.recover.bailout=False",
          "-Dtornado.load.annotation.implementation=dev.kvasir.runtime.tornadovm.AnnotationProvider");

  private final ThisJvm jvm;
  private final Map<String, String> environment;

  /**
   * @param jvm the Java virtual machine that asks
   * @param environment names the SDK
   */
  public TornadoLauncher(ThisJvm jvm, Map<String, String> environment) {
    this.jvm = jvm;
    this.environment = Map.copyOf(environment);
  }

  /** {@return where a command line with these arguments can use TornadoVM} */
  public TornadoStart start(List<String> arguments) {
    return jvm.tornado() ? new Here() : process(List.of(), MAIN, arguments);
  }

  /** {@return why TornadoVM is not here, if it is not} */
  public Optional<Missing> missing() {
    return switch (start(List.of())) {
      case Here _ -> Optional.empty();
      case Missing missing -> Optional.of(missing);
      case Child _ ->
          Optional.of(
              new Missing(
                  "this Java virtual machine was started without TornadoVM",
                  "use the kvasir launcher"));
    };
  }

  /**
   * {@return a process with TornadoVM for one program, or what is missing for it}
   *
   * @param options of Java, for that program alone
   * @param main its main class
   * @param arguments its arguments
   */
  public TornadoStart process(List<String> options, String main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(jvm.javaHome().resolve("bin/java").toString());
    if (jvm.tornado()) {
      command.addAll(jvm.options().get());
      return child(command, options, jvm.classPath(), main, arguments);
    }
    Optional<TornadoSdk> sdk = TornadoSdk.find(environment, jvm.userHome());
    Optional<Missing> missing = sdk.isEmpty() ? Optional.of(noSdk()) : unusable(sdk.get());
    if (missing.isPresent()) {
      return missing.get();
    }
    command.add("@" + sdk.orElseThrow().argumentFile());
    // The argument file's own module path begins with the current folder, whose jars would join.
    command.add("--module-path=" + sdk.orElseThrow().modules());
    command.add(MEMORY);
    jvm.options().get().stream().filter(CHOOSES_COLLECTOR.negate()).forEach(command::add);
    command.addAll(ALWAYS);
    return child(command, options, classPath(), main, arguments);
  }

  private static Child child(
      List<String> java,
      List<String> options,
      String classPath,
      String main,
      List<String> arguments) {
    List<String> command = new ArrayList<>(java);
    command.addAll(options);
    command.addAll(List.of("-cp", classPath, main));
    command.addAll(arguments);
    return new Child(command);
  }

  private Missing noSdk() {
    return new Missing(
        "there is no TornadoVM SDK: " + TornadoSdk.absence(environment, jvm.userHome()),
        "get one with 'sdk install tornadovm %s-opencl' or from https://www.tornadovm.org, or name its folder in %s"
            .formatted(TornadoSdk.VERSION, TornadoSdk.VARIABLE));
  }

  private Optional<Missing> unusable(TornadoSdk sdk) {
    if (!jvm.replaceable()) {
      return Optional.of(
          new Missing(
              "this Java virtual machine was started without TornadoVM",
              "start it with @%s %s, or use the kvasir launcher"
                  .formatted(sdk.argumentFile(), String.join(" ", ALWAYS))));
    }
    if (!sdk.version().equals(TornadoSdk.VERSION)) {
      return Optional.of(
          new Missing(
              "the TornadoVM SDK in %s has version '%s', and Kvasir needs %s"
                  .formatted(sdk.home(), sdk.version(), TornadoSdk.VERSION),
              "get that one, and name its folder in " + TornadoSdk.VARIABLE));
    }
    if (jvm.feature() != FEATURE) {
      return Optional.of(
          new Missing(
              "the TornadoVM SDK in %s runs on JDK %d, and this is JDK %d"
                  .formatted(sdk.home(), FEATURE, jvm.feature()),
              "name the folder of a JDK %d in KVASIR_JAVA_HOME".formatted(FEATURE)));
    }
    return classPath().contains(MODULE)
        ? Optional.empty()
        : Optional.of(
            new Missing(
                "Kvasir's back end for TornadoVM is not built",
                "use the kvasir launcher of a checkout, which builds it where it finds an SDK"));
  }

  private String classPath() {
    if (jvm.classPath().contains(MODULE)) {
      return jvm.classPath();
    }
    return Stream.concat(Stream.of(jvm.classPath()), module().map(Path::toString).stream())
        .reduce((left, right) -> left + File.pathSeparator + right)
        .orElseThrow();
  }

  private Optional<Path> module() {
    Optional<Path> folder =
        jvm.kvasirHome().map(home -> home.resolve(MODULE_BUILDS_IN)).filter(Files::isDirectory);
    if (folder.isEmpty()) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(folder.get())) {
      return files
          .filter(file -> isModule(String.valueOf(file.getFileName())))
          .sorted()
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isModule(String name) {
    return name.startsWith(MODULE) && name.endsWith(".jar");
  }
}
