package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.cli.Main;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.samples.GenerateModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * A model with random weights, a policy, and how long a run is.
 *
 * @param policy the uses of the policy
 * @param layers decoder layers
 * @param queryHeads a multiple of {@code kvHeads}
 * @param span prompt rows that are prefilled at once
 * @param prompt tokens
 * @param steps decode steps
 * @param convolutions what weights of convolutions are made with; none without arguments
 */
record OracleCase(
    String policy,
    int layers,
    int queryHeads,
    int kvHeads,
    int headDim,
    int span,
    int prompt,
    int steps,
    List<String> convolutions) {
  private static final int VOCABULARY = 300;

  /** A model without weights of convolutions. */
  OracleCase(
      String policy,
      int layers,
      int queryHeads,
      int kvHeads,
      int headDim,
      int span,
      int prompt,
      int steps) {
    this(policy, layers, queryHeads, kvHeads, headDim, span, prompt, steps, List.of());
  }

  /** {@return the same with a model of another shape and another prompt} */
  OracleCase with(int otherQueryHeads, int otherHeadDim, int otherSpan, int otherPrompt) {
    return new OracleCase(
        policy,
        layers,
        otherQueryHeads,
        kvHeads,
        otherHeadDim,
        otherSpan,
        otherPrompt,
        steps,
        convolutions);
  }

  /** Most tokens of the session. */
  int context() {
    return prompt + steps + 1;
  }

  /** Makes the model, compiles the policy for it and writes the trace of a run. */
  Path trace(Path folder, long seed) throws IOException {
    Path weights = folder.resolve("model");
    List<String> arguments =
        new ArrayList<>(List.of("llama-3.2-1b", weights.toString(), "--seed", seed + ""));
    arguments.addAll(
        List.of(
            "num_hidden_layers=" + layers,
            "hidden_size=32",
            "intermediate_size=32",
            "num_attention_heads=" + queryHeads,
            "num_key_value_heads=" + kvHeads,
            "head_dim=" + headDim,
            "vocab_size=" + VOCABULARY,
            "bos_token_id=1",
            "eos_token_id=2",
            // The likeliest next token shall be another one.
            "tie_word_embeddings=false",
            "rope_scaling=null",
            "rope_theta=10000.0",
            "max_position_embeddings=4096"));
    assertThat(GenerateModel.run(arguments, System.out, System.err)).isZero();
    if (!convolutions.isEmpty()) {
      List<String> calibrate =
          new ArrayList<>(List.of("calibrate", "conv", weights.toString(), "--init=random"));
      calibrate.add("--seed=" + seed);
      calibrate.addAll(convolutions);
      calibrate.addAll(List.of("-o", weights.resolve("conv.kvcal").toString()));
      run(calibrate.toArray(String[]::new));
    }
    Path plan = folder.resolve("test.kvplan");
    CompilerOptions options =
        CompilerOptions.defaults().withMaxContext(context()).withSpan(span).withPlanFolder(folder);
    try (Model model = Model.open(weights)) {
      Policy parsed = Policy.parse(new SourceText("test.kvp", "policy test { " + policy + " }"));
      Compiler.compile(model, parsed, options).plan().save(plan);
    }
    Path trace = folder.resolve("trace.safetensors");
    String ids =
        new Random(seed)
            .ints(prompt, 0, VOCABULARY)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(","));
    run(
        "trace",
        plan.toString(),
        "--model",
        weights.toString(),
        "--threads",
        "2",
        "--prompt-ids",
        ids,
        "-n",
        Integer.toString(steps + 1),
        "-o",
        trace.toString());
    return trace;
  }

  private static void run(String... arguments) {
    StringWriter out = new StringWriter();
    PrintWriter print = new PrintWriter(out);
    assertThat(Main.run(arguments, print, print))
        .as("%s: %s", Arrays.asList(arguments), out)
        .isZero();
  }
}
