package dev.kvasir.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;

/** What a command line did. */
record CommandRun(int status, String out, String err) {

  /** The sample model, whose folder the build passes to the tests. */
  static final Path SAMPLE =
      Path.of(System.getProperty("kvasir.home", "")).resolve("samples/models/needle");

  /** What names a folder without a TornadoVM SDK, on machines with and without one. */
  static final Map<String, String> NO_SDK = Map.of("TORNADOVM_HOME", "no-tornadovm-sdk");

  static CommandRun of(Object... arguments) {
    return of(NO_SDK, arguments);
  }

  static CommandRun of(Map<String, String> environment, Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Console console = new Console(new PrintWriter(out), new PrintWriter(err), false, false);
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = String.valueOf(arguments[i]);
    }
    int status = Main.run(words, console, environment);
    return new CommandRun(status, out.toString(), err.toString());
  }
}
