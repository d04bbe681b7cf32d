package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.codegen.driver.CompileReport.PassTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Which passes ran and how long they took, in lines and as JSON. */
final class PassLog {

  private PassLog() {}

  /** {@return the passes with their times, broken into lines of {@code indent} columns less} */
  static List<String> lines(List<PassTime> passes, int indent) {
    Duration total = passes.stream().map(PassTime::time).reduce(Duration.ZERO, Duration::plus);
    List<String> items = new ArrayList<>(passes.stream().map(PassLog::item).toList());
    int last = items.size() - 1;
    items.set(
        last, items.get(last) + Texts.format("   %d in %s", passes.size(), Texts.time(total)));
    return Texts.wrap(items, " > ", indent);
  }

  /** Adds an array of passes: id, milliseconds, changed. */
  static void add(ObjectNode object, List<PassTime> passes) {
    ArrayNode array = object.putArray("passes");
    for (PassTime pass : passes) {
      array
          .addObject()
          .put("id", pass.id())
          .put("milliseconds", pass.time().toNanos() / 1e6)
          .put("changed", pass.changed());
    }
  }

  private static String item(PassTime pass) {
    return pass.id() + " " + Texts.time(pass.time()) + (pass.changed() ? "" : " (unchanged)");
  }
}
