package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokens with question marks in tokenizers of all kinds, and the setting that looks for them. */
class QuestionTokensTest {

  @TempDir private Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(SampleModel.NEEDLE.resolve(name), folder.resolve(name));
    }
  }

  @Test
  void bytes() {
    assertThat(tokens()).containsExactly(63);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // Pieces with probabilities, their ids in order.
        "{'model': {'vocab': [['<unk>', 0.0], ['▁why?', -1.5], ['so', -2], ['?!', -3]]}} | 1 3",
        // Words that have ids, those beyond the model's vocabulary left out.
        "{'model': {'vocab': {'?': 9, '!': 2, '##?': 4, '?!': 256}}, 'decoder': null} | 4 9",
        // Marks of other scripts as they are.
        "{'model': {'vocab': {'？': 0, '؟': 1, 'か': 2, '⁈': 3}}} | 0 1 3",
        // Bytes as letters: a wide mark is the bytes ef bc 9f.
        "{'model': {'vocab': {'Ġ?': 0, 'ï¼Ł': 1, 'ï¼': 2}}, 'decoder': {'type': 'ByteLevel'}} | 0 1",
        "{'model': {'vocab': {'a': 0, 'ØŁ': 7}}, 'decoder': {'type': 'Sequence', 'decoders': [{'type': 'Fuse'}, {'type': 'ByteLevel'}]}} | 7",
        "{'model': {'vocab': {'?': 0, 'ï¼Ł': 1}}, 'decoder': {'type': 'Metaspace'}} | 0",
        // Added tokens are text as it is; special ones have none.
        "{'model': {'vocab': {'?': 0, '<?>': 5}}, 'added_tokens': [{'id': 5, 'content': '<?>', 'special': true}, {'id': 8, 'content': 'eh？', 'special': false}], 'decoder': {'type': 'ByteLevel'}} | 0 8",
      })
  void ofATokenizer(String json, String ids) throws IOException {
    write(json);
    assertThat(String.join(" ", tokens().stream().map(String::valueOf).toList())).isEqualTo(ids);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'model': {'vocab': {'a': 0}}} | expected a token with a question mark, which task = auto looks for",
        "[] | expected a token with a question mark",
        "{'model' | expected JSON, got",
      })
  void refusesATokenizerWithoutThem(String json, String problem) throws IOException {
    write(json);
    assertThatThrownBy(this::tokens)
        .isInstanceOf(CompileException.class)
        .hasMessageContaining(folder.resolve("tokenizer.json") + ": error[KV3022]: " + problem)
        .hasMessageContaining("write task = localization or task = aggregation");
  }

  @Test
  void aSelectionByTaskHasASetting() {
    assertThat(settings("task = auto"))
        .containsExactly(
            new Setting(
                "task",
                List.of("localization", "aggregation"),
                new PromptRule(List.of(63), 256, 0, 1)));
    assertThat(settings("task = aggregation")).isEmpty();
    assertThat(settings("tail = 64")).isEmpty();
  }

  private List<Setting> settings(String parameter) {
    String text =
        "policy p { use select-window(budget = 96, share = 2, %s); }".formatted(parameter);
    try (Model model = Model.open(folder)) {
      CompilerOptions options = CompilerOptions.defaults().withMaxContext(256);
      Policy policy = Policy.parse(new SourceText("p.kvp", text));
      return Compiler.compile(model, policy, options).plan().program().settings();
    }
  }

  private void write(String json) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), json.replace('\'', '"'));
  }

  private List<Integer> tokens() {
    try (Model model = Model.open(folder)) {
      return QuestionTokens.of(model);
    }
  }
}
