package dev.kvasir.plans.safetensors;

import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A header whose every claim has been checked against the size of the data.
 *
 * @param metadata the {@code __metadata__} entry, empty when there is none
 * @param entries the tensors by ascending offset
 */
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {

  /** The key of the metadata, which no tensor can have. */
  static final String METADATA = "__metadata__";

  /** More axes than any tensor of a model has. */
  static final int MAX_AXES = 8;

  /**
   * One tensor's claim.
   *
   * @param begin first byte, counted from the end of the header
   * @param end byte after the last
   */
  record Entry(String name, SafetensorsType type, List<Long> shape, long begin, long end) {}

  SafetensorsHeader {
    metadata = Map.copyOf(metadata);
    entries = List.copyOf(entries);
  }

  /**
   * {@return the checked header}
   *
   * @param place names the file in messages
   * @param json the header without its length
   * @param dataBytes how many bytes follow the header
   */
  static SafetensorsHeader parse(String place, byte[] json, long dataBytes)
      throws SafetensorsException {
    SafetensorsHeader unordered = new SafetensorsHeaderParser(place, decode(place, json)).parse();
    for (Entry entry : unordered.entries()) {
      checkRange(place, entry, dataBytes);
    }
    List<Entry> ordered = new ArrayList<>(unordered.entries());
    ordered.sort(
        Comparator.comparingLong(Entry::begin)
            .thenComparingLong(Entry::end)
            .thenComparing(Entry::name));
    checkCover(place, ordered, dataBytes);
    return new SafetensorsHeader(unordered.metadata(), ordered);
  }

  private static String decode(String place, byte[] json) throws SafetensorsException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(json))
          .toString();
    } catch (CharacterCodingException e) {
      SafetensorsException refused =
          new SafetensorsException(
              Reason.MALFORMED_HEADER, place, "expected a header in UTF-8, got other bytes");
      refused.initCause(e);
      throw refused;
    }
  }

  private static void checkRange(String place, Entry entry, long dataBytes)
      throws SafetensorsException {
    String tensor = place + ": tensor " + entry.name();
    if (entry.begin() < 0 || entry.end() < entry.begin() || entry.end() > dataBytes) {
      throw new SafetensorsException(
          Reason.BAD_OFFSETS,
          tensor,
          "expected 0 <= begin <= end <= %d (the bytes after the header), got [%d, %d]"
              .formatted(dataBytes, entry.begin(), entry.end()));
    }
    long bytes = byteSize(tensor, entry);
    if (bytes != entry.end() - entry.begin()) {
      throw new SafetensorsException(
          Reason.SIZE_MISMATCH,
          tensor,
          "expected %d bytes for %s %s, got %d"
              .formatted(bytes, entry.type(), entry.shape(), entry.end() - entry.begin()));
    }
  }

  private static long byteSize(String tensor, Entry entry) throws SafetensorsException {
    long bytes = entry.type().bytes();
    boolean empty = false;
    for (long extent : entry.shape()) {
      if (extent < 0) {
        throw new SafetensorsException(
            Reason.BAD_SHAPE, tensor, "expected extents from 0, got " + entry.shape());
      }
      empty |= extent == 0;
      // A zero extent must not hide an overflow of the others.
      long factor = Math.max(extent, 1);
      if (Math.multiplyHigh(bytes, factor) != 0 || bytes * factor < 0) {
        throw new SafetensorsException(
            Reason.BAD_SHAPE,
            tensor,
            "expected a size below 2^63 bytes, got shape " + entry.shape());
      }
      bytes *= factor;
    }
    return empty ? 0 : bytes;
  }

  private static void checkCover(String place, List<Entry> ordered, long dataBytes)
      throws SafetensorsException {
    long covered = 0;
    String previous = "the header";
    for (Entry entry : ordered) {
      if (entry.begin() != covered) {
        boolean overlap = entry.begin() < covered;
        throw new SafetensorsException(
            overlap ? Reason.OVERLAP : Reason.HOLE,
            place + ": tensor " + entry.name(),
            "expected to begin at byte %d, where %s ends, got %d"
                .formatted(covered, previous, entry.begin()));
      }
      covered = entry.end();
      previous = "tensor " + entry.name();
    }
    if (covered != dataBytes) {
      throw new SafetensorsException(
          Reason.TRAILING_BYTES,
          place,
          "expected the data to end at byte %d, where %s ends, got %d bytes"
              .formatted(covered, previous, dataBytes));
    }
  }
}
