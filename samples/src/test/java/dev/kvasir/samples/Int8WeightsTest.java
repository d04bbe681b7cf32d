package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model of int8 weights against the same model with the weights that they stand for in f32. */
final class Int8WeightsTest {
  private static final long SEED = 20;
  private static final int VOCABULARY = 250;
  private static final int[] PROMPT = new Random(SEED).ints(70, 0, VOCABULARY).toArray();
  private static final int TOKENS = 24;
  private static final CompilerOptions OPTIONS =
      CompilerOptions.defaults().withMaxContext(128).withSpan(40);

  @TempDir private Path folder;

  private Path int8;

  @BeforeEach
  void generateModel() {
    int8 = folder.resolve("int8");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("llama-3.2-1b", int8.toString(), "--seed", String.valueOf(SEED)));
    arguments.addAll(
        List.of(
            "num_hidden_layers=2",
            "hidden_size=104",
            "intermediate_size=300",
            "num_attention_heads=4",
            "num_key_value_heads=2",
            "head_dim=32",
            "vocab_size=" + VOCABULARY,
            "bos_token_id=null",
            "eos_token_id=null",
            "quantization_config=" + GeneratedModelsTest.INT8));
    assertThat(GenerateModel.run(arguments, System.out, System.err)).isZero();
  }

  /** A code times its bf16 scale is exact in f32, so that the two differ in rounding alone. */
  @Test
  void tokensAreThoseOfDequantisedWeights() throws IOException {
    List<Integer> tokens = greedy(int8);
    assertThat(tokens).hasSize(TOKENS);
    assertThat(tokens).isEqualTo(greedy(widened("dequantised", true)));
    assertThat(tokens).isNotEqualTo(greedy(widened("unscaled", false)));
  }

  @Test
  void targetTornadoRefusesThem() {
    try (Model model = Model.open(int8)) {
      assertThatThrownBy(
              () ->
                  Compiler.compile(
                      model, SampleModel.shipped("full"), OPTIONS.withTarget(Target.tornado())))
          .isInstanceOf(CompileException.class)
          .hasMessageContaining("holds i8, which this target cannot read")
          .hasMessageContaining("use a model with f16 or f32 weights, or compile for target jvm");
    }
  }

  /** Writes all weights of the int8 model in f32, its codes with or without their scales. */
  private Path widened(String name, boolean scaled) throws IOException {
    Path target = Files.createDirectory(folder.resolve(name));
    String config = Files.readString(int8.resolve("config.json"));
    Files.writeString(
        target.resolve("config.json"), config.replace(GeneratedModelsTest.INT8, "null"));
    SafetensorsWriter writer = new SafetensorsWriter();
    int quantised = 0;
    try (Model model = Model.open(int8)) {
      for (String tensor : WeightCatalog.expected(model.config()).keySet()) {
        Weight weight = model.weight(tensor);
        float[] values = weight.toFloats();
        if (weight.type() == WeightType.I8) {
          quantised++;
          if (scaled) {
            scale(values, model.weight(WeightCatalog.scale(tensor)));
          }
        }
        long[] shape = weight.shape().stream().mapToLong(Long::longValue).toArray();
        writer.addFloats(tensor, values, shape);
      }
    }
    assertThat(quantised).as("matrices of two layers").isEqualTo(14);
    writer.write(target.resolve("model.safetensors"));
    return target;
  }

  private static void scale(float[] values, Weight scales) {
    int inputs = values.length / Math.toIntExact(scales.elements());
    for (int i = 0; i < values.length; i++) {
      values[i] *= scales.floatAt(i / inputs);
    }
  }

  private static List<Integer> greedy(Path model) throws IOException {
    Plan plan;
    try (Model opened = Model.open(model)) {
      plan = Compiler.compile(opened, SampleModel.shipped("full", "f32"), OPTIONS).plan();
    }
    try (LoadedModel loaded = LoadedModel.load(plan, model, SampleModel.twoThreads());
        Session session = loaded.newSession()) {
      session.append(Prompt.ofTokens(PROMPT));
      List<Integer> tokens = new ArrayList<>();
      tokens.add(session.greedyToken());
      while (tokens.size() < TOKENS) {
        session.step(tokens.getLast());
        tokens.add(session.greedyToken());
      }
      return tokens;
    }
  }
}
