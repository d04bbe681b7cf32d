package dev.kvasir.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.TokenizerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes small files {@code tokenizer.json}. */
final class TokenizerJson {

  /** The first of {@link #MERGED}, after the 256 bytes. */
  static final int FIRST_MERGED = 256;

  /** Marks the beginning of a text. */
  static final int BEGIN = 262;

  /** Spelt {@code <|user|>}. */
  static final int USER = 263;

  /** Pairs that become a token, each with a space written as the byte-level alphabet has it. */
  static final List<String> MERGES =
      List.of("t h", "th e", "\u0120 the", "\u00c3 \u00a9", "c a", "\u0120 ca");

  /** What the pairs become. */
  static final List<String> MERGED = MERGES.stream().map(m -> m.replace(" ", "")).toList();

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private TokenizerJson() {}

  /** {@return byte-level BPE: bytes are tokens 0 to 255, a template puts a token in front} */
  static ObjectNode byteLevel() {
    ObjectNode file = MAPPER.createObjectNode().put("version", "1.0");
    file.putNull("truncation").putNull("padding").putNull("normalizer");
    ArrayNode added = file.putArray("added_tokens");
    addSpecial(added, BEGIN, "<s>");
    addSpecial(added, USER, "<|user|>");
    byteLevelStage(file.putObject("pre_tokenizer"));
    byteLevelStage(file.putObject("decoder"));
    ObjectNode template = file.putObject("post_processor").put("type", "TemplateProcessing");
    part(template.putArray("single"), "SpecialToken", "<s>");
    part(template.withArray("single"), "Sequence", "A");
    part(template.putArray("pair"), "Sequence", "A");
    part(template.withArray("pair"), "Sequence", "B");
    ObjectNode begin = template.putObject("special_tokens").putObject("<s>").put("id", "<s>");
    begin.putArray("ids").add(BEGIN);
    begin.putArray("tokens").add("<s>");
    ObjectNode model = file.putObject("model").put("type", "BPE").put("byte_fallback", false);
    ObjectNode vocabulary = model.putObject("vocab");
    for (int value = 0; value < 256; value++) {
      vocabulary.put(letter(value), value);
    }
    for (int i = 0; i < MERGED.size(); i++) {
      vocabulary.put(MERGED.get(i), FIRST_MERGED + i);
    }
    MERGES.forEach(model.putArray("merges")::add);
    return file;
  }

  /** {@return the way of Llama 2: spaces are letters, and a text loses the one it begins with} */
  static ObjectNode spaceAsLetter(List<String> words) {
    ObjectNode file = MAPPER.createObjectNode().put("version", "1.0");
    file.putNull("truncation").putNull("padding").putNull("normalizer");
    file.putArray("added_tokens");
    file.putNull("pre_tokenizer").putNull("post_processor");
    ObjectNode decoder = file.putObject("decoder").put("type", "Sequence");
    ArrayNode decoders = decoder.putArray("decoders");
    decoders.addObject().put("type", "Replace").put("content", " ");
    ((ObjectNode) decoders.get(0)).putObject("pattern").put("String", "\u2581");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    ObjectNode model = file.putObject("model").put("type", "BPE").put("byte_fallback", true);
    ObjectNode vocabulary = model.putObject("vocab");
    for (int value = 0; value < 256; value++) {
      vocabulary.put("<0x%02X>".formatted(value), value);
    }
    for (String word : words) {
      vocabulary.put(word, vocabulary.size());
    }
    model.putArray("merges");
    return file;
  }

  /** Writes {@code content} into {@code folder}. */
  static TokenizerFile write(Path folder, ObjectNode content) throws IOException {
    Files.write(folder.resolve(TokenizerFile.NAME), MAPPER.writeValueAsBytes(content));
    return TokenizerFile.find(folder).orElseThrow();
  }

  /**
   * {@return the letter that stands for a byte: itself where it is visible, else one from 256 on}
   */
  private static String letter(int value) {
    int unseen = 0;
    for (int other = 0; other <= value; other++) {
      boolean visible = (other >= '!' && other <= '~') || (other >= 0xa1 && other != 0xad);
      if (other == value) {
        return Character.toString(visible ? value : 256 + unseen);
      }
      unseen += visible ? 0 : 1;
    }
    throw new IllegalArgumentException("no byte: " + value);
  }

  private static void addSpecial(ArrayNode added, int id, String content) {
    added
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private static void byteLevelStage(ObjectNode stage) {
    stage
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static void part(ArrayNode template, String kind, String id) {
    template.addObject().putObject(kind).put("id", id).put("type_id", 0);
  }
}
