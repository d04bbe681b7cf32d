package dev.kvasir.passes.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads tensors of 4-byte elements from a safetensors file that is known to be well-formed. */
public final class SafetensorsFixture {
  private final ByteBuffer data;
  private final JsonNode header;

  /** Reads a file whole. */
  public SafetensorsFixture(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] json = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(json);
    this.header = new ObjectMapper().readTree(new String(json, StandardCharsets.UTF_8));
    this.data = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The elements of an F32 tensor, row-major. */
  public double[] floats(String name) {
    ByteBuffer elements = elements(name, "F32");
    double[] values = new double[elements.remaining() / Float.BYTES];
    for (int index = 0; index < values.length; index++) {
      values[index] = elements.getFloat();
    }
    return values;
  }

  /** The elements of an I32 tensor, row-major. */
  public int[] integers(String name) {
    ByteBuffer elements = elements(name, "I32");
    int[] values = new int[elements.remaining() / Integer.BYTES];
    for (int index = 0; index < values.length; index++) {
      values[index] = elements.getInt();
    }
    return values;
  }

  private ByteBuffer elements(String name, String type) {
    JsonNode entry = header.path(name);
    if (!entry.path("dtype").asText().equals(type)) {
      throw new AssertionError(name + " is no " + type + " tensor: " + entry);
    }
    int start = entry.path("data_offsets").path(0).asInt();
    int end = entry.path("data_offsets").path(1).asInt();
    return data.slice(start, end - start).order(ByteOrder.LITTLE_ENDIAN);
  }
}
