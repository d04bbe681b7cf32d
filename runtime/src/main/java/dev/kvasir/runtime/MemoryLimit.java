package dev.kvasir.runtime;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes a session may take.
 *
 * @param bytes the limit
 * @param remedy what raises it, for people
 */
record MemoryLimit(long bytes, String remedy) {

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /**
   * {@return the limit of a new session: what was asked for, or else the smaller of the machine's
   * memory without the Java heap and what the Java virtual machine may still take outside it}
   */
  static MemoryLimit of(SessionOptions options) {
    OptionalLong requested = options.memoryLimit();
    if (requested.isPresent()) {
      return new MemoryLimit(requested.getAsLong(), "raise the memory limit");
    }
    long machine =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize()
            - Runtime.getRuntime().totalMemory();
    long direct = maxDirectBytes();
    long used = usedDirectBytes();
    return machine - used <= direct - used
        ? new MemoryLimit(Math.max(0, machine - used), "use a machine with more memory")
        : new MemoryLimit(
            Math.max(0, direct - used), "raise -XX:MaxDirectMemorySize or -Xmx of Java");
  }

  private static long maxDirectBytes() {
    HotSpotDiagnosticMXBean hotSpot =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long configured = Long.parseLong(hotSpot.getVMOption("MaxDirectMemorySize").getValue());
    return configured == 0 ? Runtime.getRuntime().maxMemory() : configured;
  }

  private static long usedDirectBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  /**
   * Refuses sizes beyond the limit.
   *
   * @throws KvasirException with the numbers and the largest component
   */
  void require(Plan plan, SessionMemory.Sizes sizes) {
    if (sizes.total() > bytes) {
      throw exceeded(plan, sizes, null);
    }
  }

  /** {@return the error that says how much is needed, and what for most of it} */
  KvasirException exceeded(Plan plan, SessionMemory.Sizes sizes, @Nullable Throwable cause) {
    long cache = sizes.pools() + sizes.tables();
    Map<String, Long> components = new TreeMap<>();
    components.put("working memory", sizes.scratch());
    components.put("page tables", sizes.tables());
    for (SegmentDeclaration segment : plan.program().segments()) {
      long rows = (long) segment.slots() * segment.heads().size() * plan.manifest().pageRows();
      String layer = "layer " + segment.layer();
      components.merge(layer + " keys", segment.format().bytes(rows * segment.keyDim()), Long::sum);
      components.merge(
          layer + " values", segment.format().bytes(rows * segment.valueDim()), Long::sum);
    }
    Map.Entry<String, Long> largest =
        components.entrySet().stream()
            .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
            .orElseThrow();
    String need =
        cache > bytes
            ? "KV cache needs %s".formatted(human(cache))
            : "KV cache (%s) and working memory (%s) need %s"
                .formatted(human(cache), human(sizes.scratch()), human(sizes.total()));
    return new KvasirException(
        ErrorCode.OUT_OF_MEMORY,
        "%s of %s; largest: %s (%s); compile with a smaller --max-context, or %s"
            .formatted(need, human(bytes), largest.getKey(), human(largest.getValue()), remedy),
        cause);
  }

  /** {@return a number of bytes for people, for example {@code 3.1 GiB}} */
  static String human(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }
}
