package dev.kvasir.codegen.driver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.Manifest.TokenizerFacts;
import dev.kvasir.plans.TokenizerFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a model's files say about text: how it becomes tokens, and which tokens end it. */
final class TextFacts {
  /** The vocabulary of models that read bytes. */
  private static final int BYTES = 256;

  private static final String GENERATION_CONFIG = "generation_config.json";
  private static final String END_TOKEN = "eos_token_id";
  private static final int MAX_BYTES = 1 << 20;
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private TextFacts() {}

  /**
   * {@return the model's own tokenizer; without one the built-in tokenizer of bytes where the
   * vocabulary is that of bytes, else none}
   *
   * @throws CompileException when {@code tokenizer.json} cannot be read
   */
  static TokenizerFacts tokenizer(Model model) {
    try {
      return TokenizerFile.find(model.path())
          .map(file -> TokenizerFacts.huggingFace(file.sha256()))
          .orElseGet(
              () ->
                  model.config().vocabularySize() == BYTES
                      ? TokenizerFacts.bytes()
                      : TokenizerFacts.none());
    } catch (IOException e) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.MODEL_UNREADABLE,
                  model.path().resolve(TokenizerFile.NAME).toString(),
                  "expected a readable tokenizer, got " + e)
              .withNote("get the file again from where the model was published"));
    }
  }

  /** {@return whether the model has a tokenizer, of its own or of bytes} */
  static boolean hasTokenizer(Model model) {
    return Files.exists(model.path().resolve(TokenizerFile.NAME))
        || model.config().vocabularySize() == BYTES;
  }

  /**
   * {@return the ids that end a generation: those of {@code generation_config.json} where it names
   * any, else those of {@code config.json}}
   *
   * @throws CompileException when {@code generation_config.json} cannot be read or names no token
   */
  static List<Integer> endTokens(Model model) {
    Path path = model.path().resolve(GENERATION_CONFIG);
    if (!Files.exists(path)) {
      return model.config().endTokens();
    }
    JsonNode ends = read(path).path(END_TOKEN);
    if (ends.isMissingNode() || ends.isNull()) {
      return model.config().endTokens();
    }
    int vocabulary = model.config().vocabularySize();
    List<Integer> tokens = new ArrayList<>();
    for (JsonNode end : ends.isArray() ? ends : List.of(ends)) {
      if (!end.isInt() || end.intValue() < 0 || end.intValue() >= vocabulary) {
        throw refused(
            DiagnosticCode.CONFIG_VALUE_INVALID,
            path,
            "%s must be a token or a list of tokens, 0 to %d, got %s"
                .formatted(END_TOKEN, vocabulary - 1, ends));
      }
      tokens.add(end.intValue());
    }
    return tokens.stream().distinct().toList();
  }

  private static JsonNode read(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw refused(
            DiagnosticCode.CONFIG_MALFORMED,
            path,
            "expected at most %d bytes, got more".formatted(MAX_BYTES));
      }
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw refused(
          DiagnosticCode.CONFIG_MALFORMED, path, "expected JSON, got " + e.getOriginalMessage());
    } catch (IOException e) {
      throw refused(DiagnosticCode.MODEL_UNREADABLE, path, "expected a readable file, got " + e);
    }
  }

  private static CompileException refused(DiagnosticCode code, Path path, String problem) {
    return new CompileException(
        Diagnostic.error(code, path.toString(), problem)
            .withNote("correct the file, or remove it: config.json names end tokens too"));
  }
}
