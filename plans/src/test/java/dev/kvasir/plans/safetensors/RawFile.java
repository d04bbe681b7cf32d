package dev.kvasir.plans.safetensors;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Files put together byte by byte, without the writer under test. */
final class RawFile {
  private RawFile() {}

  /** {@return a file with this header, however wrong, and {@code dataBytes} bytes 0, 1, 2, ...} */
  static byte[] of(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return of(json.length, json, dataBytes);
  }

  /** {@return a file that claims a header of {@code length} bytes} */
  static byte[] of(long length, byte[] json, int dataBytes) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(json);
    for (int i = 0; i < dataBytes; i++) {
      bytes.put((byte) i);
    }
    return bytes.array();
  }

  /** {@return the file that {@code bytes} hold, called {@code raw}} */
  static SafetensorsFile read(byte[] bytes) throws SafetensorsException {
    return SafetensorsFile.of("raw", MemorySegment.ofArray(bytes));
  }
}
