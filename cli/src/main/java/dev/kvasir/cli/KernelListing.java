package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The kernels of a plan: what is fused in each, over which grid, in which sizes and methods. */
final class KernelListing {
  private static final int LABEL = 12;
  private static final int SHOWN_BITS = JvmKernelAbi.VECTOR_BITS.getLast();

  private final Plan plan;
  private final KernelMethods methods;

  /** A procedure and a grid, and the labels of the launches there. */
  private record Place(String procedure, String grid) {}

  KernelListing(Plan plan) {
    this.plan = plan;
    this.methods = new KernelMethods(plan, SHOWN_BITS);
  }

  /** {@return the names of all kernels} */
  List<String> names() {
    return plan.program().kernels().stream().map(KernelDeclaration::name).toList();
  }

  /** {@return every kernel without its IR} */
  List<String> all() {
    List<String> lines = new ArrayList<>();
    for (KernelDeclaration kernel : plan.program().kernels()) {
      lines.addAll(listing(kernel));
      lines.add("");
    }
    lines.add(
        "IR of one: kvasir inspect PLAN --kernel NAME; of all: kvasir compile ... --dump-ir DIR");
    return lines;
  }

  /**
   * {@return one kernel and its IR}
   *
   * @param name one of {@link #names}
   */
  List<String> one(String name) {
    List<String> lines = new ArrayList<>(listing(named(name)));
    text(name)
        .ifPresent(
            text -> {
              lines.add("");
              text.lines().forEach(lines::add);
            });
    return lines;
  }

  private KernelDeclaration named(String name) {
    return plan.program().kernels().stream()
        .filter(kernel -> kernel.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no kernel " + name));
  }

  private List<String> listing(KernelDeclaration kernel) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    out.println(kernel.name());
    Labelled lines = new Labelled(out, LABEL);
    lines.line("  fuses", kernel.summary());
    lines.lines("  runs", runs(kernel));
    if (!kernel.tiles().isEmpty()) {
      lines.line("  tiles", Texts.sizes(kernel.tiles()));
    }
    if (PlanOptions.tornado(plan) == TornadoVerb.Use.NONE) {
      lines.line("  frame", frame(kernel));
    }
    lines.lines(
        "  arguments",
        Texts.wrap(kernel.arguments().stream().map(KernelListing::argument).toList(), ", ", LABEL));
    if (!kernel.dims().isEmpty()) {
      lines.lines("  dims", Texts.wrap(kernel.dims(), ", ", LABEL));
    }
    lines.line("  classes", classes(kernel.name()));
    List<KernelMethods.Method> found = methods.of(kernel.name());
    if (!found.isEmpty()) {
      lines.lines("  methods", methodLines(found));
    }
    return text.toString().lines().toList();
  }

  /** {@return procedures and grids with the first launch there and how many follow} */
  private List<String> runs(KernelDeclaration kernel) {
    Map<Place, List<String>> places = new LinkedHashMap<>();
    for (Program.Procedure procedure : plan.program().procedures()) {
      for (Program.Step step : procedure.steps()) {
        if (step instanceof Program.Step.Launch launch && launch.kernel().equals(kernel.name())) {
          String grid =
              launch.grid().stream().map(Expression::text).collect(Collectors.joining(", "));
          places
              .computeIfAbsent(new Place(procedure.name(), grid), _ -> new ArrayList<>())
              .add(launch.label());
        }
      }
    }
    List<String> lines = new ArrayList<>();
    places.forEach(
        (place, labels) ->
            lines.add(
                "%s: %s%s over [%s]"
                    .formatted(
                        place.procedure(),
                        labels.getFirst(),
                        labels.size() == 1 ? "" : " and %d more".formatted(labels.size() - 1),
                        place.grid())));
    return lines;
  }

  private static String frame(KernelDeclaration kernel) {
    long floats = (long) kernel.tileFloats() * Float.BYTES;
    long ints = (long) kernel.tileInts() * Integer.BYTES;
    return "%s of working storage a thread, %s of them integers"
        .formatted(Texts.bytes(floats + ints), Texts.bytes(ints));
  }

  private static String argument(KernelDeclaration.Argument argument) {
    String access = argument.written() ? (argument.read() ? " updated" : " written") : "";
    return argument.name() + " " + argument.format().text() + access;
  }

  private String classes(String kernel) {
    return classBytes(kernel).entrySet().stream()
        .map(size -> "%s %s".formatted(size.getKey(), Texts.bytes(size.getValue())))
        .collect(Collectors.joining(", "));
  }

  /** {@return the size of each class file of a kernel: of one a width, or of the only one} */
  private Map<String, Integer> classBytes(String kernel) {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      addSize(sizes, bits + " bits", JvmKernelAbi.entryName(kernel, bits));
    }
    addSize(sizes, TargetName.TORNADO.toString(), TornadoKernelAbi.entryName(kernel));
    return sizes;
  }

  private void addSize(Map<String, Integer> sizes, String name, String entry) {
    byte[] bytes = plan.files().get(entry);
    if (bytes != null) {
      sizes.put(name, bytes.length);
    }
  }

  private static List<String> methodLines(List<KernelMethods.Method> methods) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("at %d bits".formatted(SHOWN_BITS), "bytecode", "by C2"));
    for (KernelMethods.Method method : methods) {
      rows.add(
          List.of(
              method.name() + (method.shared() ? " (shared)" : ""),
              Texts.format("%,d", method.bytes()),
              method.treatment().text()));
    }
    return Texts.table(rows, Set.of(1));
  }

  /** {@return everything about every kernel, its IR too} */
  ArrayNode json() {
    ArrayNode array = Json.object().putArray("kernels");
    for (KernelDeclaration kernel : plan.program().kernels()) {
      array.add(json(kernel));
    }
    return array;
  }

  /**
   * {@return everything about one kernel}
   *
   * @param name one of {@link #names}
   */
  ObjectNode json(String name) {
    return json(named(name));
  }

  private ObjectNode json(KernelDeclaration kernel) {
    ObjectNode node = Json.object();
    node.put("name", kernel.name()).put("summary", kernel.summary());
    ArrayNode arguments = node.putArray("arguments");
    for (KernelDeclaration.Argument argument : kernel.arguments()) {
      arguments
          .addObject()
          .put("name", argument.name())
          .put("format", argument.format().text())
          .put("written", argument.written())
          .put("read", argument.read());
    }
    kernel.dims().forEach(node.putArray("dims")::add);
    node.put("axes", kernel.axes());
    node.put("tileFloats", kernel.tileFloats()).put("tileInts", kernel.tileInts());
    ObjectNode tiles = node.putObject("tiles");
    kernel.tiles().forEach(tiles::put);
    ObjectNode classes = node.putObject("classBytes");
    classBytes(kernel.name())
        .forEach((name, bytes) -> classes.put(name.replace(" bits", ""), bytes));
    ArrayNode code = node.putArray("methods");
    for (KernelMethods.Method method : methods.of(kernel.name())) {
      code.addObject()
          .put("name", method.name())
          .put("shared", method.shared())
          .put("bytecode", method.bytes())
          .put("compiled", method.treatment().text());
    }
    text(kernel.name()).ifPresent(text -> node.put("text", text));
    return node;
  }

  private Optional<String> text(String kernel) {
    return Optional.ofNullable(plan.files().get("kernels/text/" + kernel + ".kernel"))
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }
}
