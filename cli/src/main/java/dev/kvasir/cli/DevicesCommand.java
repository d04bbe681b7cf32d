package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.backend.BackendProvider;
import dev.kvasir.runtime.backend.Backends;
import dev.kvasir.runtime.backend.Device;
import dev.kvasir.runtime.backend.Devices;
import dev.kvasir.runtime.backend.JvmBackend;
import dev.kvasir.runtime.backend.VectorWidth;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The verb {@code devices}: what plans can run on here. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    header = "Lists what plans can run on here, and why not on the rest.",
    description = "The first word of a device is what --device takes.")
final class DevicesCommand implements Callable<Integer>, TornadoVerb {
  private static final int LABEL = 9;

  private final Console console;
  private final TornadoLauncher launcher;

  @Mixin private final CommonOptions common = new CommonOptions();

  DevicesCommand(Console console, TornadoLauncher launcher) {
    this.console = console;
    this.launcher = launcher;
  }

  /** The machine that the Java virtual machine has. */
  private record Machine(int processors, int vectorBits, long memory) {}

  @Override
  public Use tornado() {
    return Use.IF_THERE;
  }

  @Override
  public String tornadoPlace() {
    return "devices";
  }

  @Override
  public Integer call() {
    Devices tornado = tornadoDevices();
    Optional<String> refusal = Optional.empty();
    int bits = 0;
    try {
      bits = VectorWidth.choose(OptionalInt.empty());
    } catch (KvasirException e) {
      refusal = Optional.of(e.problem());
    }
    Machine machine =
        new Machine(
            Runtime.getRuntime().availableProcessors(),
            bits,
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize());
    if (common.json()) {
      Json.print(console, json(machine, refusal, tornado));
    } else {
      print(machine, refusal, tornado);
    }
    return ExitCodes.OK;
  }

  /** {@return what TornadoVM has here, or the first reason why it has nothing} */
  private Devices tornadoDevices() {
    Optional<Devices> absent =
        launcher
            .missing()
            .map(missing -> new Devices.Unavailable(missing.problem() + "; " + missing.remedy()));
    return absent.orElseGet(
        () ->
            Backends.find(TargetName.TORNADO.toString())
                .map(BackendProvider::devices)
                .orElse(new Devices.Unavailable("its back end is not on the class path")));
  }

  private void print(Machine machine, Optional<String> refusal, Devices tornado) {
    Labelled lines = new Labelled(console.out(), LABEL);
    lines.line(
        JvmBackend.TARGET,
        refusal
            .map(DevicesCommand::notAvailable)
            .orElse(
                "%s, %d-bit vectors, %s of memory, Java %s"
                    .formatted(
                        Texts.count(machine.processors(), "thread"),
                        machine.vectorBits(),
                        Texts.bytes(machine.memory()),
                        Runtime.version())));
    lines.lines(
        TargetName.TORNADO.toString(),
        switch (tornado) {
          case Devices.Unavailable unavailable -> List.of(notAvailable(unavailable.reason()));
          case Devices.Available available ->
              Texts.table(available.devices().stream().map(DevicesCommand::cells).toList());
        });
  }

  private static String notAvailable(String reason) {
    return "not available: " + reason;
  }

  private static List<String> cells(Device device) {
    List<String> cells = new ArrayList<>(List.of(device.id(), device.name()));
    cells.add(
        device.memory().isPresent()
            ? Texts.bytes(device.memory().getAsLong()) + " of memory"
            : "memory of this machine");
    cells.add(formats(device).collect(Collectors.joining(", ")));
    return cells;
  }

  private static Stream<String> formats(Device device) {
    return device.formats().stream().map(StorageFormat::text);
  }

  private static ObjectNode json(Machine machine, Optional<String> refusal, Devices tornado) {
    ObjectNode object = Json.object();
    ArrayNode devices = object.putArray("devices");
    ObjectNode jvm = device(devices, JvmBackend.TARGET, refusal);
    if (refusal.isEmpty()) {
      jvm.put("id", JvmBackend.TARGET)
          .put("threads", machine.processors())
          .put("vectorBits", machine.vectorBits())
          .put("memoryBytes", machine.memory())
          .put("java", Runtime.version().toString());
    }
    String target = TargetName.TORNADO.toString();
    switch (tornado) {
      case Devices.Unavailable unavailable ->
          device(devices, target, Optional.of(unavailable.reason()));
      case Devices.Available available -> {
        for (Device one : available.devices()) {
          ObjectNode node = device(devices, target, Optional.empty());
          node.put("id", one.id()).put("name", one.name());
          one.memory().ifPresent(bytes -> node.put("memoryBytes", bytes));
          ArrayNode formats = node.putArray("formats");
          formats(one).forEach(formats::add);
        }
      }
    }
    return object;
  }

  private static ObjectNode device(ArrayNode devices, String target, Optional<String> refusal) {
    ObjectNode device = devices.addObject();
    device.put("target", target).put("available", refusal.isEmpty());
    refusal.ifPresent(reason -> device.put("reason", reason));
    return device;
  }
}
