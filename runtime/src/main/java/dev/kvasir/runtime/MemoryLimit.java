package dev.kvasir.runtime;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.lang.management.ManagementFactory;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes a session may take.
 *
 * @param bytes the limit
 * @param remedy what raises it, for people
 */
record MemoryLimit(long bytes, String remedy) {

  // Of all models: they share one machine.
  private static final AtomicLong RESERVED = new AtomicLong();
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
    long used = RESERVED.get();
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

  /** {@return the bytes that open sessions of this process have reserved} */
  static long reservedBytes() {
    return RESERVED.get();
  }

  /**
   * Counts memory of a session that opens, negative when it is freed. The Java virtual machine does
   * not count what arenas take.
   */
  static void reserve(long size) {
    RESERVED.addAndGet(size);
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
    long cache = sizes.cache();
    Map<String, Long> components = new TreeMap<>();
    components.put("working memory", sizes.working());
    components.put("page tables", sizes.sequences() * sizes.tables());
    components.put("state beside the rows", sizes.sequences() * sizes.state());
    int pageRows = plan.manifest().pageRows();
    for (SegmentDeclaration segment : plan.program().segments()) {
      String layer = "layer " + segment.layer();
      long heads = (long) sizes.sequences() * segment.heads().size();
      components.merge(
          layer + " keys",
          heads
              * headBytes(segment, segment.packing().map(Packing::key), pageRows, segment.keyDim()),
          Long::sum);
      components.merge(
          layer + " values",
          heads
              * headBytes(
                  segment, segment.packing().map(Packing::value), pageRows, segment.valueDim()),
          Long::sum);
    }
    Map.Entry<String, Long> largest =
        components.entrySet().stream()
            .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
            .orElseThrow();
    String need =
        cache > bytes
            ? "KV cache needs %s".formatted(human(cache))
            : "KV cache (%s) and working memory (%s) need %s"
                .formatted(human(cache), human(sizes.working()), human(sizes.total()));
    String who =
        sizes.sequences() == 1
            ? ""
            : " for a session and %d forks".formatted(sizes.sequences() - 1);
    String fewer = sizes.sequences() == 1 ? "" : " or fewer forks";
    return new KvasirException(
        ErrorCode.OUT_OF_MEMORY,
        "%s of %s%s; largest: %s (%s); compile with a smaller --max-context%s, or %s"
            .formatted(
                need,
                human(bytes),
                who,
                largest.getKey(),
                human(largest.getValue()),
                fewer,
                remedy),
        cause);
  }

  /** {@return the bytes of keys or of values in all pages that one head may hold} */
  private static long headBytes(
      SegmentDeclaration segment, Optional<PackedFormat> packed, int pageRows, int dim) {
    long elements = (long) pageRows * dim;
    long page = segment.format().bytes(elements);
    return packed
        .map(format -> page + segment.slots() * closedBytes(format, pageRows, dim))
        .orElse(segment.slots() * page);
  }

  private static long closedBytes(PackedFormat format, int pageRows, int dim) {
    return format.codes().bytes((long) pageRows * dim)
        + StorageFormat.F16.bytes(2 * format.groups(pageRows, dim));
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
