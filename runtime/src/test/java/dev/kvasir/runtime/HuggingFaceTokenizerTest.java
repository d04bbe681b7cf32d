package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.TokenizerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceTokenizerTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;

  @Test
  void encodesWithMergesAndTheTemplateOfTheFile() throws IOException {
    try (HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel())) {
      int the = id("the");
      int spaceThe = id("\u0120the");
      int spaceCa = id("\u0120ca");
      int acute = id("\u00c3\u00a9");
      assertThat(tokenizer.encode("the the cat\u00e9"))
          .containsExactly(TokenizerJson.BEGIN, the, spaceThe, spaceCa, 't', acute);
      assertThat(tokenizer.encodeContinuation("the the")).containsExactly(the, spaceThe);
      assertThat(tokenizer.encode("")).containsExactly(TokenizerJson.BEGIN);
      assertThat(tokenizer.encodeContinuation("")).isEmpty();
    }
  }

  @Test
  void aSpecialTokenIsSpeltInTextAndNotPrinted() throws IOException {
    try (HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel())) {
      int[] tokens = tokenizer.encode("a<|user|>b");
      assertThat(tokens).containsExactly(TokenizerJson.BEGIN, 'a', TokenizerJson.USER, 'b');
      assertThat(tokenizer.decode(tokens)).isEqualTo("ab");
    }
  }

  @Test
  void anyTextComesBackWholeAndCharacterByCharacter() throws IOException {
    try (HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel())) {
      for (int i = 0; i < 300; i++) {
        String text = text(1 + random.nextInt(40));
        int[] tokens = tokenizer.encode(text);
        assertThat(tokenizer.decode(tokens)).as("seed %d", seed).isEqualTo(text);
        Tokenizer.Decoder decoder = tokenizer.newDecoder();
        for (int token : tokens) {
          assertThat(decoder.append(token)).as("seed %d, %s", seed, text).doesNotContain("\ufffd");
        }
        assertThat(decoder.finish()).isEmpty();
      }
    }
  }

  @Test
  void bytesThatAreNoTextBecomeReplacementsOnce() throws IOException {
    try (HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel());
        ai.djl.huggingface.tokenizers.HuggingFaceTokenizer atOnce =
            ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(folder)) {
      for (int i = 0; i < 200; i++) {
        int[] tokens = random.ints(random.nextInt(100), 0, 264).toArray();
        long[] ids = IntStream.of(tokens).asLongStream().toArray();
        assertThat(tokenizer.decode(tokens))
            .as("seed %d", seed)
            .isEqualTo(atOnce.decode(ids, true));
      }
    }
  }

  @Test
  void wordsAfterTheFirstKeepTheirSpaces() throws IOException {
    ObjectNode file = TokenizerJson.spaceAsLetter(List.of("\u2581Hello", "\u2581world", "ly"));
    try (HuggingFaceTokenizer tokenizer = open(file)) {
      Tokenizer.Decoder decoder = tokenizer.newDecoder();
      assertThat(decoder.append(256)).isEqualTo("Hello");
      assertThat(decoder.append(257)).isEqualTo(" world");
      assertThat(decoder.append(258)).isEqualTo("ly");
      assertThat(decoder.append(0xe2)).isEmpty();
      assertThat(decoder.append(0x82)).isEmpty();
      assertThat(decoder.append(0xac)).isEqualTo("\u20ac");
      assertThat(decoder.append(257)).isEqualTo(" world");
      assertThat(decoder.append(0xe2)).isEmpty();
      assertThat(decoder.finish()).isEqualTo("\ufffd");
      assertThat(decoder.append(257)).isEqualTo("world");
    }
  }

  @Test
  void truncationAndPaddingOfTheFileAreOff() throws IOException {
    ObjectNode file = TokenizerJson.byteLevel();
    file.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 5)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    ObjectNode padding = file.putObject("padding").put("direction", "Right").put("pad_id", 0);
    padding.put("pad_type_id", 0).put("pad_token", "!").putNull("pad_to_multiple_of");
    padding.putObject("strategy").put("Fixed", 20);
    try (HuggingFaceTokenizer tokenizer = open(file)) {
      assertThat(tokenizer.encodeContinuation("xyxyxyxy")).hasSize(8);
      assertThat(tokenizer.encodeContinuation("x".repeat(5000))).hasSize(5000);
    }
  }

  @Test
  void refusesFilesThatAreNoTokenizerTextThatIsNoTextAndUseAfterClosing() throws IOException {
    for (String content : List.of("", "{}", "[1, 2]", "{\"version\": \"1.0\", \"model\": {}}")) {
      Files.writeString(folder.resolve(TokenizerFile.NAME), content);
      TokenizerFile file = TokenizerFile.find(folder).orElseThrow();
      assertThatThrownBy(() -> new HuggingFaceTokenizer(file).close())
          .isInstanceOfSatisfying(
              KvasirException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.TOKENIZER_INVALID))
          .hasMessageContaining("get it again from where the model was published");
    }
    HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel());
    assertThatThrownBy(() -> tokenizer.encode("a\ud83d"))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PROMPT_INVALID));
    tokenizer.close();
    tokenizer.close();
    for (Runnable use :
        List.<Runnable>of(() -> tokenizer.encode("a"), () -> tokenizer.decode('a'))) {
      assertThatThrownBy(use::run)
          .isInstanceOfSatisfying(
              KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    }
  }

  @Test
  void manyThreadsShareOne() throws IOException {
    try (HuggingFaceTokenizer tokenizer = open(TokenizerJson.byteLevel())) {
      List<String> texts = IntStream.range(0, 500).mapToObj(i -> text(30)).toList();
      assertThat(texts.parallelStream().map(tokenizer::encode).map(tokenizer::decode))
          .as("seed %d", seed)
          .containsExactlyElementsOf(texts);
    }
  }

  private HuggingFaceTokenizer open(ObjectNode content) throws IOException {
    return new HuggingFaceTokenizer(TokenizerJson.write(folder, content));
  }

  private static int id(String merged) {
    return TokenizerJson.FIRST_MERGED + TokenizerJson.MERGED.indexOf(merged);
  }

  private String text(int characters) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < characters; i++) {
      switch (random.nextInt(5)) {
        case 0 -> text.append(" the");
        case 1 -> text.append((char) (' ' + random.nextInt(95)));
        case 2 -> text.append((char) (0xa1 + random.nextInt(0x700)));
        case 3 -> text.append((char) (0x3041 + random.nextInt(0x5000)));
        default -> text.appendCodePoint(0x1f300 + random.nextInt(0x200));
      }
    }
    return text.toString();
  }
}
