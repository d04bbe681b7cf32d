package dev.kvasir.runtime.faults;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.toy.ToyModel;
import dev.kvasir.runtime.toy.ToyPlan;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/** Opens and closes many sessions and prints the native memory of each moment. */
final class MemoryUse {

  private static final int SESSIONS = 64;
  private static final int ROUNDS = 5;

  // What segments of an arena are booked under.
  private static final Pattern OTHER =
      Pattern.compile("Other \\(reserved=\\d+KB, committed=(\\d+)KB\\)");

  private MemoryUse() {}

  /** Argument: an empty folder. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    Path files = ToyModel.write(folder.resolve("model"));
    Plan plan = ToyPlan.of(files, 2048, 100);
    LoadOptions options = LoadOptions.defaults().threads(3).cacheFolder(folder.resolve("cache"));
    LoadedModel model = LoadedModel.load(plan, files, options);
    openAndClose(model, 1, "");
    print("before", other());
    openAndClose(model, SESSIONS, "open");
    print("closed", other());
    for (int round = 0; round < ROUNDS; round++) {
      openAndClose(model, SESSIONS, "");
    }
    print("again", other());
    print("mapped", mapped(files));
    model.close();
    print("unmapped", mapped(files));
    print(
        "workers",
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("kvasir-worker-"))
            .count());
  }

  private static void openAndClose(LoadedModel model, int count, String name)
      throws IOException, JMException {
    List<Session> sessions = new ArrayList<>();
    long reserved = 0;
    for (int i = 0; i < count; i++) {
      Session session = model.newSession();
      session.append(Prompt.of("some text"));
      reserved += session.reservedBytes();
      sessions.add(session);
    }
    if (!name.isEmpty()) {
      print(name, other());
      print("reserved", reserved);
    }
    sessions.forEach(Session::close);
  }

  private static void print(String name, long bytes) {
    System.out.println("bytes " + name + " " + bytes);
  }

  private static long other() throws JMException {
    Object summary =
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "vmNativeMemory",
                new Object[] {new String[] {"summary"}},
                new String[] {String[].class.getName()});
    Matcher matcher = OTHER.matcher(String.valueOf(summary));
    return matcher.find() ? 1024 * Long.parseLong(matcher.group(1)) : 0;
  }

  private static long mapped(Path folder) throws IOException {
    Path maps = Path.of("/proc/self/maps");
    String weights = folder.toRealPath().resolve("model.safetensors").toString();
    return Files.readAllLines(maps).stream().filter(line -> line.endsWith(weights)).count();
  }
}
