package dev.kvasir.codegen.driver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.TokenizerFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the tokens whose text holds a question mark.
 *
 * <p>Those are tokens of the vocabulary and added ones that are not special, since the text of a
 * special token is not shown. A mark that a tokenizer cuts into bytes is in none of its tokens.
 */
final class QuestionTokens {

  /** Latin, Arabic, Armenian, Ethiopic, wide, small and double marks. */
  private static final List<String> MARKS =
      List.of(
          "?", "\u061f", "\u055e", "\u1367", "\uff1f", "\ufe56", "\u203d", "\u2047", "\u2048",
          "\u2049");

  /** The marks as tokenizers of bytes write them: each byte a letter. */
  private static final List<String> MARKS_OF_BYTES =
      MARKS.stream().map(QuestionTokens::bytesAsLetters).toList();

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int BYTES = 256;

  private QuestionTokens() {}

  /**
   * {@return the ids, ascending}
   *
   * @throws CompileException when {@code tokenizer.json} cannot be read or has no such token
   */
  static List<Integer> of(Model model) {
    String place = model.path().resolve(TokenizerFile.NAME).toString();
    try {
      Optional<TokenizerFile> file = TokenizerFile.find(model.path());
      if (file.isEmpty()) {
        // Tokens are bytes.
        return List.of((int) '?');
      }
      List<Integer> tokens =
          of(MAPPER.readTree(file.get().bytes()), model.config().vocabularySize());
      if (tokens.isEmpty()) {
        throw refused(place, "expected a token with a question mark, which task = auto looks for");
      }
      return tokens;
    } catch (JsonProcessingException e) {
      throw refused(place, "expected JSON, got " + e.getOriginalMessage());
    } catch (IOException e) {
      throw refused(place, "expected a readable tokenizer, got " + e);
    }
  }

  private static List<Integer> of(JsonNode tokenizer, int vocabulary) {
    List<String> marks = isOfBytes(tokenizer.path("decoder")) ? MARKS_OF_BYTES : MARKS;
    NavigableSet<Integer> found = new TreeSet<>();
    JsonNode words = tokenizer.path("model").path("vocab");
    // A map of words to ids, or a list of words with their probabilities.
    words.properties().forEach(word -> add(found, word.getKey(), word.getValue().asInt(-1), marks));
    for (int id = 0; words.isArray() && id < words.size(); id++) {
      add(found, words.get(id).path(0).asText(), id, marks);
    }
    for (JsonNode added : tokenizer.path("added_tokens")) {
      int id = added.path("id").asInt(-1);
      if (added.path("special").asBoolean()) {
        found.remove(id);
      } else {
        add(found, added.path("content").asText(), id, MARKS);
      }
    }
    return List.copyOf(found.subSet(0, true, vocabulary - 1, true));
  }

  private static boolean isOfBytes(JsonNode decoder) {
    if (decoder.path("type").asText().equals("ByteLevel")) {
      return true;
    }
    for (JsonNode part : decoder.path("decoders")) {
      if (isOfBytes(part)) {
        return true;
      }
    }
    return false;
  }

  private static void add(Set<Integer> found, String word, int id, List<String> marks) {
    if (marks.stream().anyMatch(word::contains)) {
      found.add(id);
    }
  }

  /** Printable bytes of Latin-1 are themselves; the n-th other byte is character 256 + n. */
  private static String bytesAsLetters(String text) {
    StringBuilder letters = new StringBuilder();
    for (byte signed : text.getBytes(StandardCharsets.UTF_8)) {
      int value = Byte.toUnsignedInt(signed);
      int others = 0;
      for (int before = 0; before < value; before++) {
        others += isPrintable(before) ? 0 : 1;
      }
      letters.append((char) (isPrintable(value) ? value : BYTES + others));
    }
    return letters.toString();
  }

  private static boolean isPrintable(int latin) {
    return (latin >= '!' && latin <= '~') || (latin >= 0xa1 && latin != 0xad);
  }

  private static CompileException refused(String place, String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.TOKENIZER_INVALID, place, problem)
            .withNote("write task = localization or task = aggregation, or correct the file"));
  }
}
