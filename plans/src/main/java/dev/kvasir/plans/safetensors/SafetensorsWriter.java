package dev.kvasir.plans.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Collects tensors and writes them as one file whose bytes depend on the tensors and metadata
 * alone, not on the order in which they were added.
 *
 * <p>The header lists metadata first and then the tensors by name, padded with spaces to a multiple
 * of eight bytes. The data lies by descending element size and then by name, so that every tensor
 * is aligned to its elements.
 */
public final class SafetensorsWriter {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int ALIGNMENT = 8;
  private static final int CHUNK = 1 << 20;

  private final SortedMap<String, Pending> tensors = new TreeMap<>();
  private final SortedMap<String, String> metadata = new TreeMap<>();

  /** Makes the bytes of a tensor while its file is written, so that they never exist at once. */
  @FunctionalInterface
  public interface Filler {
    /**
     * Fills what remains of {@code chunk}.
     *
     * @param offset the byte of the tensor at which the chunk begins, a multiple of the element
     *     size
     * @param chunk little-endian
     */
    void fill(long offset, ByteBuffer chunk);
  }

  /** A tensor that will be written. */
  private record Pending(
      String name, SafetensorsType type, List<Long> shape, long bytes, Filler filler) {}

  /**
   * Adds a tensor; its data must stay alive and unchanged until the file is written.
   *
   * @throws IllegalArgumentException when the name is taken or reserved
   */
  public SafetensorsWriter add(SafetensorsTensor tensor) {
    MemorySegment data = tensor.data();
    return add(
        new Pending(
            tensor.name(),
            tensor.type(),
            tensor.shape(),
            data.byteSize(),
            (offset, chunk) -> chunk.put(data.asSlice(offset, chunk.remaining()).asByteBuffer())));
  }

  /**
   * Adds a tensor whose bytes are made in order, a chunk at a time, whenever the file is written.
   *
   * @throws IllegalArgumentException when the name is taken or reserved, or an extent is negative
   * @throws ArithmeticException when the tensor has more bytes than a long counts
   */
  public SafetensorsWriter add(String name, SafetensorsType type, List<Long> shape, Filler filler) {
    long bytes = type.bytes();
    for (long extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException(name + ": expected extents from 0, got " + shape);
      }
      bytes = Math.multiplyExact(bytes, extent);
    }
    return add(new Pending(name, type, List.copyOf(shape), bytes, filler));
  }

  private SafetensorsWriter add(Pending tensor) {
    if (tensor.name().equals(SafetensorsHeader.METADATA)
        || tensors.putIfAbsent(tensor.name(), tensor) != null) {
      throw new IllegalArgumentException("tensor name taken: " + tensor.name());
    }
    return this;
  }

  /** Adds a copy of {@code values} as {@code F32} of the given shape. */
  public SafetensorsWriter addFloats(String name, float[] values, long... shape) {
    ByteBuffer bytes = littleEndian((long) values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    return add(name, SafetensorsType.F32, shape, bytes);
  }

  /** Adds a copy of {@code values} as {@code I32} of the given shape. */
  public SafetensorsWriter addInts(String name, int[] values, long... shape) {
    ByteBuffer bytes = littleEndian((long) values.length * Integer.BYTES);
    bytes.asIntBuffer().put(values);
    return add(name, SafetensorsType.I32, shape, bytes);
  }

  /** Adds a copy of {@code values} as {@code U8} of the given shape. */
  public SafetensorsWriter addBytes(String name, byte[] values, long... shape) {
    return add(name, SafetensorsType.U8, shape, ByteBuffer.wrap(values.clone()));
  }

  /** Sets one entry of {@code __metadata__}, replacing an earlier one of the same key. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** {@return the file's bytes} */
  public byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (WritableByteChannel channel = Channels.newChannel(bytes)) {
      writeTo(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes the file under a temporary name beside {@code file}, forces it to the device and moves
   * it into place, so that a failure leaves an older file as it was.
   *
   * @throws IOException when it cannot be written; nothing is left behind
   */
  public void write(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException(file + ": expected the path of a file, got a root folder");
    }
    Path temporary =
        folder.resolve("." + target.getFileName() + "." + Long.toHexString(System.nanoTime()));
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        writeTo(channel);
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Writes the file to {@code channel}, which stays open. */
  public void writeTo(WritableByteChannel channel) throws IOException {
    List<Pending> order = new ArrayList<>(tensors.values());
    order.sort(
        Comparator.comparingInt((Pending tensor) -> tensor.type().bytes())
            .reversed()
            .thenComparing(Pending::name));
    byte[] header = header(order);
    ByteBuffer length = littleEndian(Long.BYTES);
    length.putLong(0, header.length);
    writeFully(channel, length);
    writeFully(channel, ByteBuffer.wrap(header));
    ByteBuffer chunk = littleEndian(CHUNK);
    for (Pending tensor : order) {
      // In chunks, because a tensor can be larger than a byte buffer.
      for (long from = 0; from < tensor.bytes(); from += CHUNK) {
        chunk.clear().limit((int) Math.min(CHUNK, tensor.bytes() - from));
        tensor.filler().fill(from, chunk);
        if (chunk.hasRemaining()) {
          throw new IllegalStateException(
              tensor.name() + ": " + chunk.remaining() + " bytes of a chunk were not filled");
        }
        writeFully(channel, chunk.flip());
      }
    }
  }

  private byte[] header(List<Pending> order) throws IOException {
    SortedMap<String, SafetensorsHeader.Entry> entries = new TreeMap<>();
    long begin = 0;
    for (Pending tensor : order) {
      long end = Math.addExact(begin, tensor.bytes());
      entries.put(
          tensor.name(),
          new SafetensorsHeader.Entry(tensor.name(), tensor.type(), tensor.shape(), begin, end));
      begin = end;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafetensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      for (SafetensorsHeader.Entry entry : entries.values()) {
        writeEntry(json, entry);
      }
      json.writeEndObject();
    }
    byte[] compact = bytes.toByteArray();
    int padded = Math.ceilDiv(compact.length, ALIGNMENT) * ALIGNMENT;
    if (padded > SafetensorsFile.MAX_HEADER_BYTES) {
      throw new IOException(
          "expected a header of at most %d bytes, got %d"
              .formatted(SafetensorsFile.MAX_HEADER_BYTES, padded));
    }
    byte[] header = Arrays.copyOf(compact, padded);
    Arrays.fill(header, compact.length, padded, (byte) ' ');
    return header;
  }

  private static void writeEntry(JsonGenerator json, SafetensorsHeader.Entry entry)
      throws IOException {
    json.writeObjectFieldStart(entry.name());
    json.writeStringField("dtype", entry.type().name());
    json.writeArrayFieldStart("shape");
    for (long extent : entry.shape()) {
      json.writeNumber(extent);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("data_offsets");
    json.writeNumber(entry.begin());
    json.writeNumber(entry.end());
    json.writeEndArray();
    json.writeEndObject();
  }

  private SafetensorsWriter add(String name, SafetensorsType type, long[] shape, ByteBuffer bytes) {
    return add(
        new SafetensorsTensor(
            name, type, Arrays.stream(shape).boxed().toList(), MemorySegment.ofBuffer(bytes)));
  }

  private static ByteBuffer littleEndian(long bytes) {
    return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
