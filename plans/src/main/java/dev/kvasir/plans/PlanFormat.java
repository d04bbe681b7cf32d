package dev.kvasir.plans;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Version, names and limits of a plan file. */
public final class PlanFormat {

  /** The major version that this code reads and writes. */
  public static final int MAJOR = 1;

  /** The minor version that this code writes. */
  public static final int MINOR = 0;

  /** What the plan is, the first entry. */
  public static final String MANIFEST = "manifest.json";

  /** What runs when. */
  public static final String PROGRAM = "program.json";

  /** Buffers and sizes. */
  public static final String MEMORY = "memory.json";

  /** Inputs and results of every kernel. */
  public static final String CHECKS = "checks.safetensors";

  /** Tensors that the compiler derived from the model's. */
  public static final String WEIGHTS = "weights.safetensors";

  /** Most entries of a plan. */
  public static final int MAX_ENTRIES = 10_000;

  /** Most bytes of a JSON entry. */
  public static final int MAX_JSON_BYTES = 16 << 20;

  /** Most bytes of an entry. */
  public static final int MAX_ENTRY_BYTES = 1 << 30;

  /** Most bytes of a plan. */
  public static final long MAX_BYTES = 0xFFFF_FFFEL;

  /** Most characters of the name of an entry. */
  static final int MAX_NAME_LENGTH = 255;

  /** Order of the entries in a file. */
  static final Comparator<String> ORDER =
      Comparator.comparing((String name) -> !name.equals(MANIFEST))
          .thenComparing(Comparator.naturalOrder());

  // No part begins with a dot, so that no name leads out of a folder or is absolute.
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*");

  private PlanFormat() {}

  /** {@return whether an entry can have this name} */
  static boolean isEntryName(String name) {
    return name.length() <= MAX_NAME_LENGTH && NAME.matcher(name).matches();
  }

  /** {@return most bytes of the entry {@code name}} */
  static int limit(String name) {
    return name.equals(MANIFEST) || name.equals(PROGRAM) || name.equals(MEMORY)
        ? MAX_JSON_BYTES
        : MAX_ENTRY_BYTES;
  }

  /** {@return the SHA-256 of {@code bytes}, 64 lower-case hexadecimal digits} */
  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** {@return the bytes of a name, which is ASCII} */
  static byte[] nameBytes(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }
}
