package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What bad models, policies and paths get: a code, a place, a way out, and nothing written. */
final class BadInputTest {
  @TempDir private Path folder;

  static Stream<Arguments> badPolicies() {
    return Stream.of(
        Arguments.of(
            "use group-head(retrieval = [1]);",
            List.of(
                "bad.kvp:2:5: error[KV2001]: no technique is named group-head",
                "use group-head(retrieval = [1]);",
                "    ^^^^^^^^^^",
                "note: did you mean group-heads?")),
        Arguments.of(
            "use group-heads(retrival = [1]);",
            List.of(
                "bad.kvp:2:17: error[KV2002]: group-heads has no parameter retrival",
                "use group-heads(retrival = [1]);",
                "                ^^^^^^^^",
                "note: did you mean retrieval?")),
        Arguments.of(
            "use group-heads(retrieval = [1], recent = many);",
            List.of(
                "bad.kvp:2:43: error[KV2007]: nothing is named many here",
                "use group-heads(retrieval = [1], recent = many);",
                "                                          ^^^^",
                "note: recent must be a whole number")),
        Arguments.of(
            "use group-heads(retrieval = [1], recent = 0);",
            List.of(
                "bad.kvp:2:43: error[KV2004]: recent must be between 1 and 2048, got 0",
                "use group-heads(retrieval = [1], recent = 0);",
                "                                          ^")),
        Arguments.of(
            "use group-heads(retrieval = [7]);",
            List.of(
                "bad.kvp:2:30: error[KV2011]: layer 7 does not exist: the model has 4 layers, 0 to"
                    + " 3",
                "use group-heads(retrieval = [7]);",
                "                             ^")),
        Arguments.of(
            "use store-kv(format = f32); use store-kv(format = bf16) on layers 1;",
            List.of(
                "bad.kvp:2:29: error[KV2012]: store-kv is used twice on layer 1",
                "use store-kv(format = f32); use store-kv(format = bf16) on layers 1;",
                "                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
                "note: it is used first here (bad.kvp:2:1)",
                "use store-kv(format = f32); use store-kv(format = bf16) on layers 1;",
                "^^^^^^^^^^^^^^^^^^^^^^^^^^^")),
        Arguments.of(
            "limit kv-bytes <= 1 MiB;",
            List.of(
                "bad.kvp:2:1: error[KV5001]: the cache needs 2,098,176 bytes at 2,048 tokens,"
                    + " 1,049,600 more than the limit of 1,048,576",
                "limit kv-bytes <= 1 MiB;",
                "^^^^^^^^^^^^^^^^^^^^^^^^",
                "note: largest part: layer 0 dense with 524,544 bytes; keep fewer rows there, store"
                    + " them in fewer bits, or raise the limit")),
        Arguments.of(
            "use store-kv(format = f32)",
            List.of("bad.kvp:3:1: error[KV1001]: expected ';' or 'on', got '}'", "}", "^")));
  }

  @ParameterizedTest
  @MethodSource("badPolicies")
  void aBadPolicyIsRefused(String statement, List<String> message) throws IOException {
    Path policy =
        Files.writeString(folder.resolve("bad.kvp"), "policy bad {\n" + statement + "\n}");

    CommandRun run = compile(CommandRun.SAMPLE, policy.toString());

    assertThat(lines(run)).isEqualTo(message);
    assertRefused(run, 3);
  }

  static Stream<Arguments> badModels() {
    UnaryOperator<byte[]> same = UnaryOperator.identity();
    return Stream.of(
        Arguments.of(
            "unknown architecture",
            change("LlamaForCausalLM", "GPT2LMHeadModel"),
            same,
            "model/config.json:2:3: error[KV3003]: architectures must name one of"
                + " LlamaForCausalLM, "),
        Arguments.of(
            "key that changes the mathematics",
            change("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\""),
            same,
            "model/config.json:6:3: error[KV3004]: hidden_act changes the mathematics and is"
                + " supported only as "),
        Arguments.of(
            "mis-shaped tensor",
            change("\"intermediate_size\": 256", "\"intermediate_size\": 512"),
            same,
            "model/model.safetensors: model.layers.0.mlp.gate_proj.weight: error[KV3007]: expected"
                + " shape [512, 128], got [256, 128]"),
        Arguments.of(
            "missing tensor",
            same,
            change("\"model.norm.weight\"", "\"model.norm.WEIGHT\""),
            "model/model.safetensors: model.norm.weight: error[KV3006]: expected a tensor of shape"
                + " [128], got none"),
        Arguments.of(
            "truncated weights",
            same,
            (UnaryOperator<byte[]>) bytes -> Arrays.copyOf(bytes, 100),
            "model/model.safetensors: error[KV3009]: "),
        Arguments.of(
            "lying header length",
            same,
            (UnaryOperator<byte[]>)
                bytes -> {
                  ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MAX_VALUE);
                  return bytes;
                },
            "model/model.safetensors: error[KV3010]: "));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badModels")
  void aBadModelIsRefused(
      String what, UnaryOperator<byte[]> config, UnaryOperator<byte[]> weights, String message)
      throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    copy("config.json", model, config);
    copy("model.safetensors", model, weights);

    CommandRun run = compile(model, "full");

    assertThat(lines(run).getFirst()).as(what).startsWith(message);
    assertThat(run.err()).contains("note: ");
    assertRefused(run, 3);
  }

  @Test
  void aModelWithoutConfigIsRefused() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    copy("model.safetensors", model, UnaryOperator.identity());

    CommandRun run = compile(model, "full");

    assertThat(lines(run))
        .containsExactly(
            "model/config.json: error[KV3001]: expected the model's config.json, got no such file",
            "note: name the directory that holds the model's config.json and model.safetensors");
    assertRefused(run, 3);
  }

  @Test
  void anUnknownPolicyNamesTheShippedOnes() {
    CommandRun run = compile(CommandRun.SAMPLE, "fulll");

    assertThat(lines(run))
        .containsExactly(
            "fulll: error[KV1008]: there is no such policy file",
            "note: did you mean full?",
            "note: shipped policies: " + String.join(", ", ShippedPolicies.NAMES));
    assertRefused(run, 3);
  }

  @Test
  void aContextBeyondTheModelIsAMistakeOfUsage() {
    CommandRun run = compile(CommandRun.SAMPLE, "full", "--max-context=4096");

    assertThat(run.err())
        .contains(
            "config.json: error[KV5003]: the maximum context must be between 1 and 2048, got 4096",
            "note: the model's max_position_embeddings is 2048");
    assertRefused(run, 2);
  }

  @Test
  void aFolderThatIsNotThereCannotBeWrittenTo() {
    Path output = folder.resolve("nowhere/x.kvplan");

    CommandRun run =
        CommandRun.of(
            "compile", CommandRun.SAMPLE, "--policy=full", "--max-context=64", "-o", output);

    assertThat(lines(run))
        .containsExactly(
            "nowhere/x.kvplan: error[KV6008]: expected an existing folder, got none; choose another"
                + " path with -o");
    assertRefused(run, 2);
  }

  @Test
  void policyCheckPrintsTheCanonicalForm() throws IOException {
    Path policy =
        Files.writeString(
            folder.resolve("good.kvp"), "policy good{use store-kv( format=f32 );/*none*/}");
    CommandRun bad = CommandRun.of("policy", "check", policy);
    Files.writeString(policy, "policy good{use store-kv( format=f32 );// none\n}");
    CommandRun good = CommandRun.of("policy", "check", policy, "--model", CommandRun.SAMPLE);

    assertThat(bad.status()).isEqualTo(3);
    assertThat(lines(bad).getFirst()).startsWith("good.kvp:1:40: error[KV1002]: ");
    assertThat(good.out()).isEqualTo("policy good {\n  use store-kv(format = f32);\n}\n");
    assertThat(good.err()).isEmpty();
    assertThat(good.status()).isZero();
  }

  @Test
  void policyCheckNeedsAModelForSetsAlone() throws IOException {
    Path policy =
        Files.writeString(
            folder.resolve("p.kvp"), "policy p {\nuse group-heads(retrieval = [7]);\n}");
    CommandRun without = CommandRun.of("policy", "check", policy);
    CommandRun with = CommandRun.of("policy", "check", policy, "--model", CommandRun.SAMPLE);
    Files.writeString(policy, "policy p {\nuse group-head();\n}");
    CommandRun unknown = CommandRun.of("policy", "check", policy);

    assertThat(without.status()).isZero();
    assertThat(with.status()).isEqualTo(3);
    assertThat(with.err()).contains("error[KV2011]: layer 7 does not exist");
    assertThat(unknown.status()).isEqualTo(3);
    assertThat(unknown.err()).contains("error[KV2001]", "did you mean group-heads?");
  }

  @Test
  void policyCheckOfAModelFindsWhatTechniquesAskOfEachOther() throws IOException {
    Path policy =
        Files.writeString(
            folder.resolve("p.kvp"),
            """
            policy p {
              use select-window(budget = 64, observe = 16, share = 4, tail = 64);
              use merge-layers(from = 0, tail = 32);
            }
            """);
    CommandRun run = CommandRun.of("policy", "check", policy, "--model", CommandRun.SAMPLE);

    assertThat(lines(run).getFirst()).startsWith("p.kvp:3:37: error[KV2015]: ");
    assertRefused(run, 3);
  }

  @Test
  void policyCheckTellsMachinesWhatIsWrong() throws IOException {
    Path policy = Files.writeString(folder.resolve("p.kvp"), "policy p {\nuse store-kv();\n}");

    CommandRun run =
        CommandRun.of("policy", "check", policy, "--model", CommandRun.SAMPLE, "--json");

    assertThat(Json.parse(run.out()).get("valid").booleanValue()).isFalse();
    assertThat(Json.parse(run.out()).at("/diagnostics/0/code").textValue()).isEqualTo("KV2005");
    assertThat(Json.parse(run.out()).at("/diagnostics/0/place").textValue()).endsWith("p.kvp:2:5");
    assertThat(run.status()).isEqualTo(3);
  }

  private CommandRun compile(Path model, String policy, String... more) {
    Object[] arguments = new Object[5 + more.length];
    System.arraycopy(
        new Object[] {"compile", model, "--policy=" + policy, "-o", folder.resolve("x.kvplan")},
        0,
        arguments,
        0,
        5);
    System.arraycopy(more, 0, arguments, 5, more.length);
    return CommandRun.of(arguments);
  }

  private void assertRefused(CommandRun run, int status) {
    assertThat(run.status()).isEqualTo(status);
    assertThat(run.out()).isEmpty();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .noneMatch(name -> name.contains("kvplan"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the user saw, with places relative to the test's folder. */
  private List<String> lines(CommandRun run) {
    return run.err().replace(folder + "/", "").lines().toList();
  }

  private static void copy(String name, Path model, UnaryOperator<byte[]> change)
      throws IOException {
    byte[] bytes = Files.readAllBytes(CommandRun.SAMPLE.resolve(name));
    Files.write(model.resolve(name), change.apply(bytes));
  }

  /** Replaces text in bytes of which only a part is text. */
  private static UnaryOperator<byte[]> change(String from, String to) {
    return bytes -> {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      assertThat(text).contains(from);
      return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    };
  }
}
