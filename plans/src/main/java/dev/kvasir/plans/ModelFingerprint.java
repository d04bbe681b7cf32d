package dev.kvasir.plans;

import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Which model a plan was compiled for: the configuration, and the name, type, shape and place of
 * every weight, without reading the weights themselves.
 *
 * <p>The value is the SHA-256 of {@code kvasir-model-1}, then {@code config.json}, the header of
 * {@code model.safetensors} (each as its length in eight little-endian bytes and its bytes) and the
 * size of {@code model.safetensors} in eight little-endian bytes. Of a model in several files it is
 * the SHA-256 of {@code kvasir-model-shards-1}, {@code config.json} in the same form, and for each
 * file by ascending name its name and header (each as its length and bytes) and its size. Two
 * models that differ in the values of weights alone share a fingerprint; {@link #fullHash} tells
 * them apart.
 *
 * @param value 64 lower-case hexadecimal digits
 */
public record ModelFingerprint(String value) {
  private static final Pattern VALUE = Pattern.compile("[0-9a-f]{64}");
  private static final String HEADERS_DOMAIN = "kvasir-model-1";
  private static final String SHARDED_HEADERS_DOMAIN = "kvasir-model-shards-1";
  private static final String FULL_DOMAIN = "kvasir-model-full-1";
  private static final String SHARDED_FULL_DOMAIN = "kvasir-model-shards-full-1";
  private static final int CHUNK = 1 << 16;

  public ModelFingerprint {
    if (!VALUE.matcher(value).matches()) {
      throw new IllegalArgumentException("expected 64 lower-case hexadecimal digits, got " + value);
    }
  }

  /**
   * {@return the fingerprint of the model in {@code directory}}
   *
   * @throws ModelFilesException when a file is missing
   * @throws SafetensorsException when the weights have no whole header, or their index is none
   * @throws IOException when a file cannot be read
   */
  public static ModelFingerprint of(Path directory) throws IOException {
    ModelFiles files = ModelFiles.locate(directory);
    MessageDigest digest = start(files, HEADERS_DOMAIN, SHARDED_HEADERS_DOMAIN);
    for (Path file : files.weights()) {
      updateName(digest, files, file);
      try (Arena arena = Arena.ofConfined();
          FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        long size = channel.size();
        MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        updateWithLength(digest, SafetensorsFile.header(file.toString(), bytes));
        digest.update(length(size));
      }
    }
    return new ModelFingerprint(HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * {@return the SHA-256 over every byte of the files, 64 lower-case hexadecimal digits}
   *
   * <p>Hashed are {@code kvasir-model-full-1}, then {@code config.json} and {@code
   * model.safetensors}, each as its length in eight little-endian bytes and its bytes. Of a model
   * in several files it begins with {@code kvasir-model-shards-full-1}, and before each file stands
   * its name in the same form. Takes as long as reading the weights takes.
   *
   * @throws ModelFilesException when a file is missing
   * @throws IOException when a file cannot be read or changes its size meanwhile
   */
  public static String fullHash(Path directory) throws IOException {
    ModelFiles files = ModelFiles.locate(directory);
    MessageDigest digest = start(files, FULL_DOMAIN, SHARDED_FULL_DOMAIN);
    for (Path file : files.weights()) {
      updateName(digest, files, file);
      updateWhole(digest, file);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void updateWhole(MessageDigest digest, Path file) throws IOException {
    long size = Files.size(file);
    digest.update(length(size));
    long read = 0;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] chunk = new byte[CHUNK];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        digest.update(chunk, 0, count);
        read += count;
      }
    }
    if (read != size) {
      throw new IOException(
          "%s: expected %d bytes, got %d: the file changed while it was read"
              .formatted(file, size, read));
    }
  }

  private static MessageDigest start(ModelFiles files, String domain, String shardedDomain)
      throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String used = files.index().isPresent() ? shardedDomain : domain;
      digest.update(used.getBytes(StandardCharsets.US_ASCII));
      updateWithLength(digest, files.readConfig());
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void updateName(MessageDigest digest, ModelFiles files, Path file) {
    if (files.index().isPresent()) {
      updateWithLength(
          digest, String.valueOf(file.getFileName()).getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void updateWithLength(MessageDigest digest, byte[] bytes) {
    digest.update(length(bytes.length));
    digest.update(bytes);
  }

  private static byte[] length(long value) {
    return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }
}
