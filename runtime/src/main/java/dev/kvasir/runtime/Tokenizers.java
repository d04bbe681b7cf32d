package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest.TokenizerFacts;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.TokenizerFile;
import java.io.IOException;
import java.nio.file.Path;

/** Opens the tokenizer that a plan names. */
final class Tokenizers {

  private static final String LIBRARY = "ai.djl.huggingface:tokenizers:0.38.0";

  private Tokenizers() {}

  /**
   * {@return the tokenizer of {@code plan}}
   *
   * @param modelDirectory where the model's {@code tokenizer.json} lies, if it has one
   * @throws PlanException when the kind is unknown, or {@code tokenizer.json} is not the one that
   *     the plan was compiled with
   * @throws IOException when the file cannot be read
   * @throws KvasirException when the file is no tokenizer, or the library that reads it is absent
   */
  static Tokenizer open(Plan plan, Path modelDirectory) throws IOException {
    TokenizerFacts facts = plan.manifest().tokenizer();
    return switch (facts.kind()) {
      case TokenizerFacts.BYTE -> new ByteTokenizer();
      case TokenizerFacts.NONE -> new NoTokenizer();
      case TokenizerFacts.HUGGING_FACE -> huggingFace(facts, modelDirectory);
      default ->
          throw new PlanException(
              Reason.MISSING_FEATURE,
              "manifest.json",
              "the plan needs a tokenizer of kind " + facts.kind());
    };
  }

  /** Frees what {@code tokenizer} holds outside the Java heap. */
  static void close(Tokenizer tokenizer) {
    if (tokenizer instanceof HuggingFaceTokenizer opened) {
      opened.close();
    }
  }

  private static Tokenizer huggingFace(TokenizerFacts facts, Path modelDirectory)
      throws IOException {
    String expected = facts.sha256().orElse("no hash");
    TokenizerFile file =
        TokenizerFile.find(modelDirectory)
            .orElseThrow(
                () -> wrong(modelDirectory.resolve(TokenizerFile.NAME), expected, "no such file"));
    if (!file.sha256().equals(expected)) {
      throw wrong(file.path(), expected, file.sha256());
    }
    try {
      return new HuggingFaceTokenizer(file);
    } catch (NoClassDefFoundError e) {
      throw new KvasirException(
          ErrorCode.TOKENIZER_LIBRARY_MISSING,
          "%s needs the library %s, which is not on the class path; add it"
              .formatted(file.path(), LIBRARY),
          e);
    }
  }

  private static PlanException wrong(Path place, String expected, String actual) {
    return new PlanException(
        Reason.WRONG_MODEL,
        place.toString(),
        "the plan was compiled with another tokenizer: expected SHA-256 %s, got %s"
            .formatted(expected, actual));
  }
}
