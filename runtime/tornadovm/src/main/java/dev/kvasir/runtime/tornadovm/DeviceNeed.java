package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.backend.BufferBytes;
import dev.kvasir.runtime.backend.Device;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Device memory that one session takes.
 *
 * @param components bytes by what they are for
 */
record DeviceNeed(Map<String, Long> components) {

  /** Buffers of working storage that share an array. */
  private record Place(long offset, ArrayType type) {}

  /** {@return what a session of a plan takes} */
  static DeviceNeed of(Plan plan) {
    Map<String, Long> components = new TreeMap<>();
    Map<Place, Long> scratch = new HashMap<>();
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      long bytes = BufferBytes.of(plan, buffer);
      switch (buffer.kind()) {
        case WEIGHT, DERIVED -> components.merge("weights", bytes, Long::sum);
        case POOL -> components.merge("cache pages of " + buffer.name(), bytes, Long::sum);
        case TABLE -> components.merge("page tables", bytes, Long::sum);
        case STATE -> components.merge("state beside the rows", bytes, Long::sum);
        case SCRATCH ->
            scratch.merge(
                new Place(buffer.offset(), ArrayType.of(buffer.format())), bytes, Math::max);
      }
    }
    components.put("working memory", scratch.values().stream().mapToLong(Long::longValue).sum());
    return new DeviceNeed(components);
  }

  /** {@return all of it, in bytes} */
  long bytes() {
    return components.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Refuses a device that is too small.
   *
   * @throws KvasirException {@link ErrorCode#OUT_OF_MEMORY}
   */
  void require(Device device, int sessions) {
    long available = device.memory().orElse(Long.MAX_VALUE);
    if (sessions * bytes() <= available) {
      return;
    }
    Map.Entry<String, Long> largest =
        components.entrySet().stream()
            .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
            .orElseThrow();
    throw new KvasirException(
        ErrorCode.OUT_OF_MEMORY,
        ("%s needs %s of the %s that TornadoVM takes of device %s; largest: %s (%s); compile with a"
                + " smaller --max-context, raise -Dtornado.device.memory where the device has more,"
                + " or choose another device")
            .formatted(
                sessions == 1 ? "a session" : sessions + " sessions",
                mebibytes(sessions * bytes()),
                mebibytes(available),
                device.name(),
                largest.getKey(),
                mebibytes(largest.getValue())));
  }

  private static String mebibytes(long bytes) {
    return "%,d MiB".formatted(Math.ceilDiv(bytes, 1L << 20));
  }
}
