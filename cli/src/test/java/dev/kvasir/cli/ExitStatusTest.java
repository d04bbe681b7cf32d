package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The exit status and the code of every verb for every cause that users meet. */
final class ExitStatusTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    Path plan = folder.resolve("sound.kvplan");
    CommandRun run =
        CommandRun.of(
            "compile", CommandRun.SAMPLE, "--policy=full", "--max-context=64", "-o", plan);
    assertThat(run.status()).as(run.err()).isZero();
    byte[] bytes = Files.readAllBytes(plan);
    Files.write(folder.resolve("cut.kvplan"), Arrays.copyOf(bytes, bytes.length / 2));
    Files.writeString(folder.resolve("text.kvplan"), "policy full {}\n");
    Files.createDirectory(folder.resolve("folder.kvplan"));
    Files.writeString(folder.resolve("bad.kvp"), "policy bad { use group-head(); }");
    Files.writeString(folder.resolve("tight.kvp"), "policy tight { limit kv-bytes <= 1 KiB; }");
    Files.writeString(folder.resolve("bf16.kvp"), "policy halves { use store-kv(format = bf16); }");
    Files.createDirectory(folder.resolve("empty"));
    Files.write(folder.resolve("binary"), new byte[] {-1, -2});
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.copy(CommandRun.SAMPLE.resolve("model.safetensors"), other.resolve("model.safetensors"));
    String config = Files.readString(CommandRun.SAMPLE.resolve("config.json"));
    Files.writeString(other.resolve("config.json"), config.replace("10000.0", "20000.0"));
    Path noWeights = Files.createDirectory(folder.resolve("no-weights"));
    Files.copy(CommandRun.SAMPLE.resolve("config.json"), noWeights.resolve("config.json"));

    Plan read = PlanReader.read(plan);
    CommandRun tornado =
        CommandRun.of(
            "compile",
            CommandRun.SAMPLE,
            "--policy=full",
            "--max-context=64",
            "--target=tornado",
            "-o",
            folder.resolve("tornado.kvplan"));
    assertThat(tornado.status()).as(tornado.err()).isZero();
    save("feature", read, List.of("telepathy"), Map.of());
    Map<String, byte[]> strangers = new HashMap<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      String entry = JvmKernelAbi.entryName(read.program().kernels().getFirst().name(), bits);
      strangers.put(entry, classBytes());
    }
    save("unsafe", read, List.of(), strangers);
    byte[] checks = Objects.requireNonNull(read.files().get(PlanFormat.CHECKS)).clone();
    for (int i = checks.length / 2; i < checks.length; i++) {
      checks[i] ^= 0x55;
    }
    save("checks", read, List.of(), Map.of(PlanFormat.CHECKS, checks));
  }

  static Stream<Arguments> causes() {
    return Stream.of(
        cause(2, "KV8001", "unknown"),
        cause(2, "KV8001", "compile SAMPLE"),
        cause(2, "KV8001", "compile SAMPLE --policy full --no-such-option"),
        cause(3, "KV3013", "compile nowhere --policy full"),
        cause(3, "KV3013", "compile sound.kvplan --policy full"),
        cause(3, "KV3001", "compile empty --policy full"),
        cause(3, "KV3012", "compile no-weights --policy full"),
        cause(3, "KV1008", "compile SAMPLE --policy nowhere.kvp"),
        cause(3, "KV1008", "compile SAMPLE --policy empty"),
        cause(3, "KV1006", "compile SAMPLE --policy binary"),
        cause(3, "KV2001", "compile SAMPLE --policy bad.kvp"),
        cause(3, "KV5001", "compile SAMPLE --policy tight.kvp -o x.kvplan"),
        cause(2, "KV5003", "compile SAMPLE --policy full --max-context 4096 -o x.kvplan"),
        cause(2, "KV6008", "compile SAMPLE --policy full -o nowhere/x.kvplan"),
        cause(2, "KV6008", "compile SAMPLE --policy full -o empty"),
        cause(3, "KV2020", "compile SAMPLE --policy bf16.kvp --target tornado"),
        cause(
            3, "KV4102", "compile SAMPLE --policy full --target tornado --tile prefill-tokens=64"),
        cause(3, "KV3013", "compile nowhere --policy full --target tornado"),
        cause(5, "KV8002", "compile SAMPLE --policy full --target tornado --verify -o x.kvplan"),
        cause(
            5,
            "KV8002",
            "compile SAMPLE --policy full --target tornado --show-generated nowhere -o x.kvplan"),
        cause(2, "KV8001", "compile SAMPLE --policy full --show-generated nowhere -o x.kvplan"),
        cause(5, "KV8002", "demo --target tornado"),
        cause(2, "KV8001", "demo --target metal"),
        cause(5, "KV7203", "demo --device 0:0"),
        cause(6, "KV8003", "compile SAMPLE --policy full --max-context 64 --verify --min-cosine 2"),
        cause(2, "KV8001", "run sound.kvplan"),
        cause(2, "KV8001", "run sound.kvplan -p a -n 0"),
        cause(2, "KV8004", "run sound.kvplan --prompt-file nowhere"),
        cause(2, "KV8004", "run sound.kvplan --prompt-file binary"),
        cause(2, "KV8004", "run sound.kvplan --prompt-file empty"),
        cause(2, "KV7301", "run sound.kvplan --prompt-ids " + "1,".repeat(64) + "1"),
        cause(2, "KV7303", "run sound.kvplan --prompt-ids 1,999"),
        cause(3, "KV6007", "run nowhere.kvplan -p a"),
        cause(3, "KV6007", "run folder.kvplan -p a"),
        cause(3, "KV6001", "run text.kvplan -p a"),
        cause(3, "KV6002", "run cut.kvplan -p a"),
        cause(3, "KV6012", "run unsafe.kvplan -p a --model SAMPLE"),
        cause(5, "KV8002", "run tornado.kvplan -p a --model SAMPLE"),
        cause(4, "KV6011", "run feature.kvplan -p a --model SAMPLE"),
        cause(5, "KV7203", "run sound.kvplan -p a --device 0:1"),
        cause(5, "KV7203", "inspect sound.kvplan --check --model SAMPLE --device 0:1"),
        cause(5, "KV7203", "trace sound.kvplan -p a --device gpu -o x.safetensors"),
        cause(5, "KV8002", "trace tornado.kvplan -p a --model SAMPLE -o x.safetensors"),
        cause(5, "KV8002", "bench tornado.kvplan --model SAMPLE"),
        cause(5, "KV8002", "bench sound.kvplan --vs tornado.kvplan --model SAMPLE"),
        cause(4, "KV6009", "run sound.kvplan -p a --model other"),
        cause(3, "KV3013", "run sound.kvplan -p a --model nowhere"),
        cause(3, "KV3012", "run sound.kvplan -p a --model no-weights"),
        cause(6, "KV7101", "run checks.kvplan -p a --model SAMPLE"),
        cause(2, "KV8001", "trace sound.kvplan -p a"),
        cause(2, "KV8005", "trace sound.kvplan -p a -o nowhere/x.safetensors"),
        cause(3, "KV6001", "trace text.kvplan -p a -o x.safetensors"),
        cause(4, "KV6009", "trace sound.kvplan -p a --model other -o x.safetensors"),
        cause(2, "KV8001", "inspect"),
        cause(3, "KV6007", "inspect nowhere.kvplan"),
        cause(3, "KV6007", "inspect folder.kvplan"),
        cause(3, "KV6001", "inspect text.kvplan"),
        cause(3, "KV6002", "inspect cut.kvplan"),
        cause(3, "KV6001", "inspect text.kvplan --check"),
        cause(3, "KV6002", "inspect cut.kvplan --check"),
        cause(3, "KV6012", "inspect unsafe.kvplan --check --model SAMPLE"),
        cause(5, "KV8002", "inspect tornado.kvplan --check --model SAMPLE"),
        cause(4, "KV6011", "inspect feature.kvplan --check --model SAMPLE"),
        cause(4, "KV6009", "inspect sound.kvplan --check --model other"),
        cause(3, "KV3013", "inspect sound.kvplan --check --model nowhere"),
        cause(6, "KV7101", "inspect checks.kvplan --check --model SAMPLE"),
        cause(2, "KV8001", "explain full"),
        cause(3, "KV3013", "explain full --model nowhere"),
        cause(3, "KV1008", "explain nowhere --model SAMPLE"),
        cause(3, "KV2001", "explain bad.kvp --model SAMPLE"),
        cause(2, "KV5003", "explain full --model SAMPLE --max-context 4096"),
        cause(2, "KV8005", "explain full --model SAMPLE --png nowhere/x.png"),
        cause(2, "KV8001", "policy"),
        cause(3, "KV2001", "policy check bad.kvp"),
        cause(3, "KV3013", "policy check full --model nowhere"),
        cause(2, "KV8001", "devices all"),
        cause(2, "KV8001", "completion fish"),
        cause(0, "", "run sound.kvplan -p a -n 1 --model SAMPLE"),
        cause(0, "", "run sound.kvplan -p a -n 1 --model SAMPLE --device jvm --trust-kernels"),
        cause(0, "", "inspect sound.kvplan --check --model SAMPLE"),
        cause(0, "", "policy check full --model SAMPLE"),
        cause(0, "", "explain full --model SAMPLE"),
        cause(0, "", "devices"),
        cause(0, "", "completion"),
        cause(0, "", "--version"));
  }

  private static Arguments cause(int status, String code, String line) {
    return Arguments.of(line, status, code);
  }

  @ParameterizedTest(name = "{0}: {1} {2}")
  @MethodSource("causes")
  void isTheOneThatHelpPromises(String line, int status, String code) {
    CommandRun run = CommandRun.of(Arrays.stream(line.split(" ")).map(this::word).toArray());

    String said = run.out() + run.err();
    assertThat(run.status()).as(said).isEqualTo(status);
    if (code.isEmpty()) {
      assertThat(run.err()).isEmpty();
    } else {
      assertThat(said).contains("error[" + code + "]").doesNotContain("Exception", "internal");
    }
    assertThat(folder.resolve("x.kvplan")).doesNotExist();
  }

  /** What names a file of this test lies in its folder. */
  private Object word(String word) {
    if (word.equals("SAMPLE")) {
      return CommandRun.SAMPLE;
    }
    boolean path =
        word.matches("(nowhere|empty|binary|other|no-weights)(/.*)?|.*\\.(kvplan|kvp|safetensors)");
    return path ? folder.resolve(word) : word;
  }

  private static void save(String name, Plan plan, List<String> features, Map<String, byte[]> files)
      throws IOException {
    Manifest old = plan.manifest();
    Manifest manifest =
        new Manifest(
            old.formatMajor(),
            old.formatMinor(),
            old.compilerVersion(),
            old.target(),
            Stream.concat(old.features().stream(), features.stream()).toList(),
            old.model(),
            old.tokenizer(),
            old.policy(),
            old.context(),
            old.span(),
            old.pageRows(),
            old.tiles());
    Map<String, byte[]> all = new HashMap<>(plan.files());
    all.putAll(files);
    new Plan(manifest, plan.program(), plan.memory(), all).save(folder.resolve(name + ".kvplan"));
  }

  /** {@return a class file that is no kernel} */
  private static byte[] classBytes() throws IOException {
    try (var in = ExitStatusTest.class.getResourceAsStream("ExitStatusTest.class")) {
      if (in == null) {
        throw new IllegalStateException("this class has no file");
      }
      return in.readAllBytes();
    }
  }
}
