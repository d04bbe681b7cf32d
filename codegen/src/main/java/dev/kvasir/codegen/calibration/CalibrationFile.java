package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/** What all calibration files have: a safetensors file that may hold anything, and its metadata. */
final class CalibrationFile {
  static final String KIND = "kind";
  static final String METHOD = "method";
  static final String SEED = "seed";

  private static final String VERSION = "version";
  private static final String FIRST_VERSION = "1";
  private static final String FINGERPRINT = "fingerprint";
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final int SHOWN_CHARACTERS = 40;
  private static final int SHOWN_DIGITS = 12;

  private final Path file;
  private final String wayOut;
  private final SafetensorsFile tensors;
  private final long bytes;

  private CalibrationFile(Path file, String wayOut, SafetensorsFile tensors, long bytes) {
    this.file = file;
    this.wayOut = wayOut;
    this.tensors = tensors;
    this.bytes = bytes;
  }

  /**
   * {@return a file}
   *
   * @param mostBytes more are an error
   * @param wayOut a note that says how to get a sound one
   * @throws CompileException when it cannot be read or is no safetensors file
   */
  static CalibrationFile open(Path file, int mostBytes, String wayOut) {
    try {
      if (!Files.isRegularFile(file)) {
        throw unreadable(
            file,
            wayOut,
            Files.exists(file) ? "expected a file, got none" : "there is no such file");
      }
      MemorySegment bytes = MemorySegment.ofArray(bytes(file, mostBytes, wayOut));
      SafetensorsFile tensors = SafetensorsFile.of(file.toString(), bytes);
      return new CalibrationFile(file, wayOut, tensors, bytes.byteSize());
    } catch (SafetensorsException damaged) {
      throw new CompileException(
          Diagnostic.error(DiagnosticCode.CALIBRATION_INVALID, damaged.place(), damaged.problem())
              .withNote(wayOut));
    } catch (IOException failure) {
      throw unreadable(file, wayOut, "the file system refused: " + failure.getMessage());
    }
  }

  private static byte[] bytes(Path file, int most, String wayOut) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw tooLong(file, wayOut, most);
      }
      return bytes;
    }
  }

  /**
   * {@return this file, once it is known what it holds}
   *
   * @param mostBytes more are an error
   * @param other a note that says how to get a sound one
   */
  CalibrationFile as(int mostBytes, String other) {
    if (bytes > mostBytes) {
      throw tooLong(file, other, mostBytes);
    }
    return new CalibrationFile(file, other, tensors, bytes);
  }

  /** {@return the file, for messages} */
  String place() {
    return file.toString();
  }

  /** {@return the model's fingerprint, once kind and version are as expected} */
  String fingerprint(String kind) {
    require(KIND, kind);
    require(VERSION, FIRST_VERSION);
    String fingerprint = metadata(FINGERPRINT);
    if (!HASH.matcher(fingerprint).matches()) {
      throw invalid("expected a fingerprint of 64 hexadecimal digits, got " + show(fingerprint));
    }
    return fingerprint;
  }

  /** Starts a file as {@link #fingerprint} expects it. */
  static SafetensorsWriter writer(String kind, String fingerprint) {
    return new SafetensorsWriter()
        .metadata(KIND, kind)
        .metadata(VERSION, FIRST_VERSION)
        .metadata(FINGERPRINT, fingerprint);
  }

  /**
   * Refuses a calibration of another model.
   *
   * @param expected the model's fingerprint
   * @param wayOut a note that says how to get one of this model
   * @throws CompileException when it is of another model
   */
  static void requireFingerprint(Calibration calibration, String expected, String wayOut) {
    if (!calibration.fingerprint().equals(expected)) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CALIBRATION_OF_ANOTHER_MODEL,
                  calibration.place(),
                  "this calibration is of another model: expected fingerprint %s, got %s"
                      .formatted(
                          expected.substring(0, SHOWN_DIGITS),
                          calibration.fingerprint().substring(0, SHOWN_DIGITS)))
              .withNote(wayOut));
    }
  }

  String metadata(String key) {
    String value = tensors.metadata().get(key);
    if (value == null) {
      throw invalid("expected metadata %s, got none".formatted(key));
    }
    return value;
  }

  OptionalLong number(String key) {
    String value = tensors.metadata().get(key);
    if (value == null) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      throw invalid("expected %s to be a whole number, got %s".formatted(key, show(value)));
    }
  }

  Set<String> names() {
    return tensors.tensors().keySet();
  }

  Optional<SafetensorsTensor> tensor(String name) {
    return tensors.tensor(name);
  }

  private void require(String key, String expected) {
    String actual = metadata(key);
    if (!actual.equals(expected)) {
      throw invalid("expected %s %s, got %s".formatted(key, expected, show(actual)));
    }
  }

  CompileException invalid(String problem) {
    return invalid(file, wayOut, problem);
  }

  private static CompileException invalid(Path file, String wayOut, String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.CALIBRATION_INVALID, file.toString(), problem)
            .withNote(wayOut));
  }

  private static CompileException unreadable(Path file, String wayOut, String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.CALIBRATION_UNREADABLE, file.toString(), problem)
            .withNote(wayOut));
  }

  private static CompileException tooLong(Path file, String wayOut, int most) {
    return invalid(file, wayOut, "expected at most %d bytes, got more".formatted(most));
  }

  /** {@return what a calibration is called in messages: the file and how it was made} */
  static String describe(String place, String method, OptionalLong seed) {
    String seeded = seed.isPresent() ? ", seed " + seed.getAsLong() : "";
    return "%s (%s%s)".formatted(place, method, seeded);
  }

  /** {@return a text out of a file, not too long for a message} */
  static String show(String text) {
    return text.length() > SHOWN_CHARACTERS ? text.substring(0, SHOWN_CHARACTERS) + "..." : text;
  }
}
