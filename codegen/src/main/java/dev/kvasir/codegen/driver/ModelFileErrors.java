package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.safetensors.SafetensorsException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;

/** What went wrong with the files of a model, as a diagnostic with a way out. */
final class ModelFileErrors {
  private static final String DOWNLOAD_AGAIN =
      "the file may be truncated or damaged; get it again from where the model was published";

  private ModelFileErrors() {}

  /**
   * {@return the diagnostic for {@code failure}}
   *
   * @param directory the model directory that was being opened
   */
  static Diagnostic diagnostic(Path directory, IOException failure) {
    return switch (failure) {
      case ModelFilesException missing -> missing(missing);
      case SafetensorsException damaged -> damaged(damaged);
      case AccessDeniedException denied ->
          Diagnostic.error(
                  DiagnosticCode.MODEL_UNREADABLE,
                  String.valueOf(denied.getFile()),
                  "expected a readable file, got no permission")
              .withNote("grant read permission on the files of the model");
      case IOException other ->
          Diagnostic.error(
                  DiagnosticCode.MODEL_UNREADABLE,
                  directory.toString(),
                  "expected readable model files, got " + other)
              .withNote("check that the path names a model directory and that its disk works");
    };
  }

  /** {@return the diagnostic for a model that is not the one that was opened any more} */
  static Diagnostic changed(Path directory) {
    return Diagnostic.error(
            DiagnosticCode.MODEL_UNREADABLE,
            directory.toString(),
            "a file of the model changed while it was compiled, or its disk failed")
        .withNote("compile again when nothing writes to the model any more");
  }

  /** {@return the error for a fault in a mapped file, which Java throws as an internal error} */
  static CompileException fault(Path directory, InternalError fault) {
    CompileException mistake = new CompileException(changed(directory));
    mistake.initCause(fault);
    return mistake;
  }

  private static Diagnostic missing(ModelFilesException failure) {
    DiagnosticCode code =
        switch (failure.reason()) {
          case NOT_A_DIRECTORY -> DiagnosticCode.MODEL_UNREADABLE;
          case NO_CONFIG -> DiagnosticCode.CONFIG_MISSING;
          case CONFIG_TOO_LARGE -> DiagnosticCode.CONFIG_MALFORMED;
          case NO_WEIGHTS, NO_SHARD -> DiagnosticCode.WEIGHTS_MISSING;
        };
    String wayOut =
        switch (failure.reason()) {
          case NOT_A_DIRECTORY, NO_CONFIG, NO_WEIGHTS ->
              "name the directory that holds the model's config.json and model.safetensors";
          case CONFIG_TOO_LARGE -> "a config.json describes a model in a few hundred bytes";
          case NO_SHARD -> "get all files of the model from where it was published";
        };
    return Diagnostic.error(code, failure.place().toString(), failure.problem()).withNote(wayOut);
  }

  private static Diagnostic damaged(SafetensorsException failure) {
    DiagnosticCode code =
        switch (failure.reason()) {
          case TRUNCATED -> DiagnosticCode.SAFETENSORS_TRUNCATED;
          case HEADER_LENGTH, MALFORMED_HEADER, DUPLICATE_NAME, BAD_SHAPE ->
              DiagnosticCode.SAFETENSORS_HEADER_INVALID;
          case UNKNOWN_TYPE -> DiagnosticCode.TENSOR_TYPE_UNSUPPORTED;
          case BAD_OFFSETS, SIZE_MISMATCH, OVERLAP, HOLE, TRAILING_BYTES ->
              DiagnosticCode.SAFETENSORS_OFFSETS_INVALID;
          case BAD_INDEX, INDEX_MISMATCH -> DiagnosticCode.SHARDS_INCONSISTENT;
        };
    String wayOut =
        failure.reason() == SafetensorsException.Reason.UNKNOWN_TYPE
            ? "convert the model to F32, F16 or BF16"
            : DOWNLOAD_AGAIN;
    return Diagnostic.error(code, failure.place(), failure.problem()).withNote(wayOut);
  }
}
