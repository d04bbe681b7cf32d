package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.plans.Manifest.TokenizerFacts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model's files say about text, and a model that changes while it is compiled. */
class TextFactsTest {

  @TempDir private Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(SampleModel.NEEDLE.resolve(name), folder.resolve(name));
    }
    Path config = folder.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replaceAll("\"eos_token_id\": \\w+", "\"eos_token_id\": 5"));
  }

  @Test
  void aModelOfBytesNeedsNoTokenizerFile() {
    assertThat(tokenizer()).isEqualTo(TokenizerFacts.bytes());
  }

  @Test
  void aTokenizerFileGoesFirstAndIsKnownByItsHash() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "abc");
    assertThat(tokenizer())
        .isEqualTo(
            TokenizerFacts.huggingFace(
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"eos_token_id\": 7} | 7",
        "{\"eos_token_id\": [9, 7, 9]} | 9 7",
        "{\"eos_token_id\": []} | ''",
        "{\"eos_token_id\": null} | 5",
        "{\"temperature\": 0.6} | 5"
      })
  void theGenerationConfigNamesEndTokens(String content, String expected) throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), content);
    try (Model model = Model.open(folder)) {
      List<Integer> ends = TextFacts.endTokens(model);
      assertThat(String.join(" ", ends.stream().map(String::valueOf).toList())).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"eos_token_id\": 256}",
        "{\"eos_token_id\": -1}",
        "{\"eos_token_id\": [1, \"2\"]}",
        "{\"eos_token_id\": 1.5}",
        "{\"eos_token_id\": 1, \"eos_token_id\": 2}",
        "{\"eos_token_id\": ",
      })
  void aGenerationConfigThatNamesNoTokenIsRefused(String content) throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), content);
    try (Model model = Model.open(folder)) {
      assertThatThrownBy(() -> TextFacts.endTokens(model))
          .isInstanceOf(CompileException.class)
          .hasMessageContaining("generation_config.json: error[KV30")
          .hasMessageContaining("correct the file, or remove it");
    }
  }

  @Test
  void aModelThatChangesWhileItIsCompiledIsRefused() {
    CompilerOptions options =
        CompilerOptions.defaults().withMaxContext(128).withListener(event -> changeConfig());
    try (Model model = Model.open(folder)) {
      assertThatThrownBy(
              () ->
                  Compiler.compile(model, SampleModel.policy("limit kv-bytes <= 1 GiB;"), options))
          .isInstanceOf(CompileException.class)
          .hasMessageContaining("error[KV3013]: a file of the model changed while it was compiled")
          .hasMessageContaining("compile again when nothing writes to the model any more");
    }
  }

  private void changeConfig() {
    Path config = folder.resolve("config.json");
    try {
      Files.writeString(config, Files.readString(config) + " ");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private TokenizerFacts tokenizer() {
    try (Model model = Model.open(folder)) {
      return TextFacts.tokenizer(model);
    }
  }
}
