package dev.kvasir.plans.safetensors;

import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A checked safetensors file. Immutable; its bytes live as long as the arena they were mapped into.
 *
 * <p>Only the header is read on opening. Data is mapped, never copied. A file that another process
 * shortens after it was opened makes later reads fail with {@link InternalError}, which no check at
 * opening can prevent.
 */
public final class SafetensorsFile {
  /** The longest header accepted, far above that of any published model. */
  public static final int MAX_HEADER_BYTES = 16 << 20;

  private static final int LENGTH_BYTES = Long.BYTES;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final SortedMap<String, SafetensorsTensor> tensors;
  private final Map<String, String> metadata;

  private SafetensorsFile(
      SortedMap<String, SafetensorsTensor> tensors, Map<String, String> metadata) {
    this.tensors = Collections.unmodifiableSortedMap(tensors);
    this.metadata = metadata;
  }

  /**
   * {@return the file, mapped read-only into {@code arena}}
   *
   * @throws SafetensorsException when the file breaks a rule of the format
   * @throws IOException when it cannot be read
   */
  public static SafetensorsFile open(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return of(
          file.toString(), channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  /**
   * {@return the file that {@code bytes} hold}
   *
   * @param place names the bytes in messages
   * @throws SafetensorsException when the bytes break a rule of the format
   */
  public static SafetensorsFile of(String place, MemorySegment bytes) throws SafetensorsException {
    byte[] json = header(place, bytes);
    long dataStart = LENGTH_BYTES + (long) json.length;
    MemorySegment data = bytes.asSlice(dataStart);
    SafetensorsHeader header = SafetensorsHeader.parse(place, json, data.byteSize());
    SortedMap<String, SafetensorsTensor> tensors = new TreeMap<>();
    for (SafetensorsHeader.Entry entry : header.entries()) {
      MemorySegment slice = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.put(
          entry.name(), new SafetensorsTensor(entry.name(), entry.type(), entry.shape(), slice));
    }
    return new SafetensorsFile(tensors, header.metadata());
  }

  /**
   * {@return the JSON header that {@code bytes} begin with, its length checked, its content not}
   *
   * @param place names the bytes in messages
   * @throws SafetensorsException when there is no whole header within the limit
   */
  public static byte[] header(String place, MemorySegment bytes) throws SafetensorsException {
    if (bytes.byteSize() < LENGTH_BYTES) {
      throw new SafetensorsException(
          Reason.TRUNCATED,
          place,
          "expected at least %d bytes, got %d".formatted(LENGTH_BYTES, bytes.byteSize()));
    }
    long length = bytes.get(LENGTH, 0);
    // The length is unsigned, so that a negative long is a length beyond the limit.
    if (length < 2 || length > MAX_HEADER_BYTES) {
      throw new SafetensorsException(
          Reason.HEADER_LENGTH,
          place,
          "expected a header of 2 to %d bytes, got %s"
              .formatted(MAX_HEADER_BYTES, Long.toUnsignedString(length)));
    }
    if (length > bytes.byteSize() - LENGTH_BYTES) {
      throw new SafetensorsException(
          Reason.TRUNCATED,
          place,
          "expected a header of %d bytes, got %d bytes in all after its length"
              .formatted(length, bytes.byteSize() - LENGTH_BYTES));
    }
    return bytes.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** {@return the names of all tensors, ascending} */
  public List<String> names() {
    return List.copyOf(new ArrayList<>(tensors.keySet()));
  }

  /** {@return the tensors by name, ascending} */
  public SortedMap<String, SafetensorsTensor> tensors() {
    return tensors;
  }

  /** {@return the tensor {@code name}, empty when the file has none of that name} */
  public Optional<SafetensorsTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** {@return what {@code __metadata__} says, empty when it is absent} */
  public Map<String, String> metadata() {
    return metadata;
  }
}
