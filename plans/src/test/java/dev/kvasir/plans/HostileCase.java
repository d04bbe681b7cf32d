package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.testing.SamplePlan;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A file that a stranger may send.
 *
 * @param name what is wrong with it
 * @param reason why it must be refused
 * @param problem part of the message
 * @param file its bytes
 */
record HostileCase(String name, Reason reason, String problem, Supplier<byte[]> file) {

  @Override
  public String toString() {
    return name;
  }

  /** {@return the harmless plan with other classes at one vector width} */
  static HostileCase kernels(String name, Map<String, byte[]> kernels, String problem) {
    Map<String, byte[]> files = new HashMap<>();
    kernels.forEach(
        (kernel, file) -> files.put(JvmKernelAbi.entryName(kernel, HostileClasses.BITS), file));
    return new HostileCase(name, Reason.UNSAFE_KERNEL, problem, () -> withFiles(files));
  }

  /** {@return the sample plan with kernels that do nothing: nothing is wrong with it} */
  static Plan harmless() {
    Map<String, byte[]> files = SamplePlan.files();
    for (KernelDeclaration kernel : SamplePlan.program().kernels()) {
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        files.put(
            JvmKernelAbi.entryName(kernel.name(), bits),
            HostileClasses.harmless(kernel.name(), bits));
      }
    }
    return with(files);
  }

  private static Plan with(Map<String, byte[]> files) {
    return new Plan(SamplePlan.manifest(), SamplePlan.program(), SamplePlan.memory(), files);
  }

  /** {@return the harmless plan's file with other or more entries} */
  static byte[] withFiles(Map<String, byte[]> more) {
    Map<String, byte[]> files = new HashMap<>(harmless().files());
    files.putAll(more);
    return PlanWriter.toBytes(with(files));
  }

  /** {@return the harmless plan's file without an entry} */
  static byte[] without(String entry) {
    Map<String, byte[]> files = new HashMap<>(harmless().files());
    Objects.requireNonNull(files.remove(entry));
    return PlanWriter.toBytes(with(files));
  }

  /** {@return the harmless plan's entries, with a hash of each in its manifest} */
  static SortedMap<String, byte[]> entries() {
    return PlanWriter.entries(harmless());
  }

  /** {@return the harmless plan's file, its entries changed and its manifest left as it was} */
  static byte[] entries(Consumer<SortedMap<String, byte[]>> change) {
    SortedMap<String, byte[]> entries = entries();
    change.accept(entries);
    return PlanWriter.toBytes(entries);
  }

  /** {@return the harmless plan's file with another text in one JSON entry, hashed as it is} */
  static byte[] json(String entry, String from, String to) {
    SortedMap<String, byte[]> entries = entries();
    // Line breaks and indentation become single spaces, so that a case fits on a line.
    String text = text(entries, entry).replaceAll("\n *", " ");
    int at = text.indexOf(from);
    if (at < 0) {
      throw new AssertionError("nothing to replace: " + from + " in " + text);
    }
    String changed = text.substring(0, at) + to + text.substring(at + from.length());
    return rehashed(entries, entry, changed.getBytes(StandardCharsets.UTF_8));
  }

  /** {@return the harmless plan's file with another entry, hashed as it is} */
  static byte[] rehashed(SortedMap<String, byte[]> entries, String entry, byte[] content) {
    SortedMap<String, byte[]> all = new TreeMap<>(PlanFormat.ORDER);
    all.putAll(entries);
    all.put(entry, content);
    if (!entry.equals(PlanFormat.MANIFEST)) {
      all.remove(PlanFormat.MANIFEST);
      List<EntryRecord> records = new ArrayList<>();
      all.forEach((name, bytes) -> records.add(EntryRecord.of(name, bytes)));
      all.put(PlanFormat.MANIFEST, ManifestJson.write(SamplePlan.manifest(), records));
    }
    return PlanWriter.toBytes(all);
  }

  /** {@return an entry as text} */
  static String text(SortedMap<String, byte[]> entries, String entry) {
    return new String(Objects.requireNonNull(entries.get(entry)), StandardCharsets.UTF_8);
  }
}
