package dev.kvasir.cli.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts classes in a Java process of their own, with what kernels need. */
final class ChildJvm {

  private ChildJvm() {}

  /** {@return a process that runs the main method of {@code type}, both outputs in one} */
  static Process start(Class<?> type, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:+UseSerialGC");
    command.add("-XX:-CreateCoredumpOnCrash");

    command.add("-XX:CompileCommand=quiet");
    command.add("-XX:CompileCommand=CompileThresholdScaling,dev.kvasir.kernels.*::*,0.1");
    command.add("-Dkvasir.home=" + System.getProperty("kvasir.home", ""));
    command.add("-cp");
    command.add(System.getProperty("java.class.path", ""));
    command.add(type.getName());
    for (Object argument : arguments) {
      command.add(String.valueOf(argument));
    }
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** {@return what a process wrote} */
  static String output(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
