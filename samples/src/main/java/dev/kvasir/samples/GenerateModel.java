package dev.kvasir.samples;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes a model of the shape of a published one with random weights: for trying sizes and speed
 * where no trained model is at hand. What it says makes no sense.
 *
 * <pre>{@code
 * GenerateModel llama-3.2-1b random-1b --seed 7
 * GenerateModel qwen3-0.6b small --shards 3 num_hidden_layers=2 torch_dtype="float16"
 * }</pre>
 *
 * <p>{@code key=value} replaces a key of the preset's {@code config.json}, the value in JSON. With
 * a {@code quantization_config} of int8 weights the matrices of the layers are written so. Equal
 * arguments give equal bytes. Weights are made while they are written, a chunk at a time, so that
 * models larger than memory can be made.
 */
public final class GenerateModel {
  /** The shapes that are known by name. */
  static final List<String> PRESETS = List.of("llama-3.2-1b", "qwen2.5-0.5b", "qwen3-0.6b");

  /** Presets have one key a line. */
  private static final Pattern KEY = Pattern.compile("  \"(\\w+)\": (.*?),?");

  private static final List<String> NUMBERS = List.of("--seed", "--shards");

  private GenerateModel() {}

  /** Writes the model that the arguments describe, as the class comment has them. */
  public static void main(String[] arguments) {
    System.exit(run(List.of(arguments), System.out, System.err));
  }

  /**
   * As {@link #main}, in this process.
   *
   * @return the exit status
   */
  public static int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.size() < 2 || !PRESETS.contains(arguments.getFirst())) {
      err.println("usage: GenerateModel PRESET FOLDER [--seed N] [--shards N] [KEY=VALUE]...");
      err.println("PRESET is one of " + String.join(", ", PRESETS));
      return 2;
    }
    try {
      Map<String, String> config = preset(arguments.getFirst());
      Map<String, Long> numbers = new HashMap<>();
      List<String> options = arguments.subList(2, arguments.size());
      for (int index = 0; index < options.size(); index++) {
        String option = options.get(index);
        int middle = option.indexOf('=');
        if (NUMBERS.contains(option) && index + 1 < options.size()) {
          index++;
          numbers.put(option, Long.valueOf(options.get(index)));
        } else if (middle > 0) {
          config.put(option.substring(0, middle), option.substring(middle + 1));
        } else {
          throw new IllegalArgumentException(
              "expected --seed N, --shards N or KEY=VALUE, got " + option);
        }
      }
      Path folder = Path.of(arguments.get(1));
      long seed = numbers.getOrDefault("--seed", 1L);
      long bytes = write(config, folder, seed, numbers.getOrDefault("--shards", 1L));
      out.printf("wrote   %s, %,d bytes of weights%n", folder, bytes);
      return 0;
    } catch (IllegalArgumentException e) {
      err.println("GenerateModel: " + e.getMessage());
      return 2;
    } catch (IOException | CompileException e) {
      err.println("GenerateModel: " + e.getMessage());
      return 3;
    }
  }

  /** {@return the keys of a preset with their values in JSON} */
  private static Map<String, String> preset(String name) throws IOException {
    try (InputStream preset = GenerateModel.class.getResourceAsStream(name + ".json")) {
      if (preset == null) {
        throw new IllegalStateException("the preset " + name + " is not packed with the samples");
      }
      Map<String, String> keys = new LinkedHashMap<>();
      new String(preset.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(KEY::matcher)
          .filter(Matcher::matches)
          .forEach(line -> keys.put(line.group(1), line.group(2)));
      return keys;
    }
  }

  private static long write(Map<String, String> keys, Path folder, long seed, long shards)
      throws IOException {
    String text = json(keys);
    ModelConfig config = ModelConfigReader.read(new SourceText("config.json", text));
    SafetensorsType type = type(config);
    List<Tensor> tensors = tensors(config, type, seed);
    if (shards < 1 || shards > tensors.size()) {
      throw new IllegalArgumentException(
          "expected 1 to %d shards, got %d".formatted(tensors.size(), shards));
    }
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), text);
    List<SafetensorsWriter> writers = new ArrayList<>();
    Map<String, String> files = new LinkedHashMap<>();
    long total = tensors.stream().mapToLong(Tensor::bytes).sum();
    long begun = 0;
    for (Tensor tensor : tensors) {
      // Each file begins where its share of the bytes does.
      if (writers.size() < shards && begun >= total / shards * writers.size()) {
        writers.add(new SafetensorsWriter());
      }
      writers.getLast().add(tensor.name(), tensor.type(), tensor.shape(), tensor.values());
      files.put(tensor.name(), '"' + file(writers.size(), shards) + '"');
      begun += tensor.bytes();
    }
    for (int shard = 1; shard <= writers.size(); shard++) {
      writers.get(shard - 1).write(folder.resolve(file(shard, shards)));
    }
    if (shards > 1) {
      Files.writeString(
          folder.resolve("model.safetensors.index.json"),
          "{\"metadata\": {\"total_size\": %d}, \"weight_map\": %s}".formatted(total, json(files)));
    }
    return total;
  }

  /** A tensor of the model's file. */
  private record Tensor(String name, SafetensorsType type, List<Long> shape, RandomWeights values) {
    long bytes() {
      return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    }
  }

  /** All tensors; where the config announces it, matrices of layers are bytes with scales. */
  private static List<Tensor> tensors(ModelConfig config, SafetensorsType type, long seed) {
    List<Tensor> tensors = new ArrayList<>();
    Set<String> matrices = WeightCatalog.matrices(config);
    WeightCatalog.expected(config)
        .forEach(
            (name, shape) -> {
              boolean bytes =
                  config.int8Weights()
                      && matrices.contains(name)
                      && !name.equals(WeightCatalog.LOGITS);
              SafetensorsType stored = bytes ? SafetensorsType.I8 : type;
              tensors.add(
                  new Tensor(name, stored, shape, new RandomWeights(name, shape, stored, seed)));
              if (bytes) {
                String scale = WeightCatalog.scale(name);
                tensors.add(
                    new Tensor(
                        scale,
                        type,
                        List.of(shape.getFirst(), 1L),
                        RandomWeights.scales(scale, shape.getLast(), type, seed)));
              }
            });
    return tensors;
  }

  private static SafetensorsType type(ModelConfig config) {
    ElementFormat format = config.torchDtype().orElse(ElementFormat.BF16);
    return SafetensorsType.named(format.text().toUpperCase(Locale.ROOT)).orElseThrow();
  }

  private static String json(Map<String, String> keys) {
    return keys.entrySet().stream()
        .map(key -> "  \"%s\": %s".formatted(key.getKey(), key.getValue()))
        .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
  }

  private static String file(int shard, long shards) {
    return shards == 1
        ? "model.safetensors"
        : "model-%05d-of-%05d.safetensors".formatted(shard, shards);
  }
}
