package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.backend.VectorWidth;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The verb {@code devices}: what plans can run on here. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    header = "Lists what plans can run on here, and why not on the rest.")
final class DevicesCommand implements Callable<Integer> {
  private static final String NO_TORNADO = "this build has no TornadoVM back end";

  private final Console console;

  @Mixin private final CommonOptions common = new CommonOptions();

  DevicesCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    int processors = Runtime.getRuntime().availableProcessors();
    long memory =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    Optional<String> refusal = Optional.empty();
    int bits = 0;
    try {
      bits = VectorWidth.choose(OptionalInt.empty());
    } catch (KvasirException e) {
      refusal = Optional.of(e.problem());
    }
    if (common.json()) {
      Json.print(console, json(processors, memory, bits, refusal));
    } else {
      Labelled lines = new Labelled(console.out(), 9);
      String machine =
          "%s, %d-bit vectors, %s of memory, Java %s"
              .formatted(
                  Texts.count(processors, "thread"), bits, Texts.bytes(memory), Runtime.version());
      lines.line("jvm", refusal.map(reason -> "not available: " + reason).orElse(machine));
      lines.line("tornado", "not available: " + NO_TORNADO);
    }
    return ExitCodes.OK;
  }

  private static ObjectNode json(int processors, long memory, int bits, Optional<String> refusal) {
    ObjectNode object = Json.object();
    ArrayNode devices = object.putArray("devices");
    ObjectNode jvm = devices.addObject().put("target", "jvm").put("available", refusal.isEmpty());
    if (refusal.isPresent()) {
      jvm.put("reason", refusal.get());
    } else {
      jvm.put("threads", processors)
          .put("vectorBits", bits)
          .put("memoryBytes", memory)
          .put("java", Runtime.version().toString());
    }
    devices.addObject().put("target", "tornado").put("available", false).put("reason", NO_TORNADO);
    return object;
  }
}
