package dev.kvasir.samples;

import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/**
 * Decoders of the Llama kind in plain double precision, written from the definitions of the models
 * and sharing nothing with the compiler: no cache, every position from the start, every sum in a
 * loop. A tensor that the files do not have is taken as absent from the model.
 */
final class DecoderOracle {
  private final Shape shape;
  private final Map<String, double[]> weights = new HashMap<>();

  /**
   * A model in numbers.
   *
   * @param frequency what becomes of each rotary frequency
   */
  record Shape(
      int layers,
      int hidden,
      int intermediate,
      int heads,
      int kvHeads,
      int headDim,
      int vocabulary,
      double theta,
      double epsilon,
      DoubleUnaryOperator frequency) {}

  DecoderOracle(Shape shape, Path folder) throws IOException {
    this.shape = shape;
    try (Arena arena = Arena.ofConfined();
        Stream<Path> files = Files.list(folder)) {
      List<Path> shards = files.filter(file -> file.toString().endsWith(".safetensors")).toList();
      for (Path shard : shards) {
        for (SafetensorsTensor tensor : SafetensorsFile.open(shard, arena).tensors().values()) {
          weights.put(tensor.name(), numbers(tensor));
        }
      }
    }
  }

  private static double[] numbers(SafetensorsTensor tensor) {
    if (tensor.type().floating()) {
      return Vectors.widen(tensor.toFloats());
    }
    double[] integers = new double[Math.toIntExact(tensor.elements())];
    Arrays.setAll(integers, tensor::integerAt);
    return integers;
  }

  /** The scaling of Llama 3.1 as its authors published it. */
  static double llama3(
      double frequency, double factor, double lowFactor, double highFactor, double original) {
    double wavelength = 2 * Math.PI / frequency;
    if (wavelength > original / lowFactor) {
      return frequency / factor;
    } else if (wavelength < original / highFactor) {
      return frequency;
    }
    double smooth = (original / wavelength - lowFactor) / (highFactor - lowFactor);
    return (1 - smooth) * frequency / factor + smooth * frequency;
  }

  /** Forgets every tensor whose name contains {@code part}. */
  DecoderOracle without(String part) {
    weights.keySet().removeIf(name -> name.contains(part));
    return this;
  }

  /** {@return the logits after each token} */
  double[][] logits(int[] tokens) {
    double[][] x = new double[tokens.length][];
    for (int row = 0; row < tokens.length; row++) {
      x[row] = row(weight("model.embed_tokens.weight"), tokens[row], shape.hidden());
    }
    for (int layer = 0; layer < shape.layers(); layer++) {
      layer(x, "model.layers." + layer + ".");
    }
    double[] head = weights.getOrDefault("lm_head.weight", weight("model.embed_tokens.weight"));
    double[][] logits = new double[tokens.length][];
    for (int row = 0; row < tokens.length; row++) {
      logits[row] = multiply(head, norm(x[row], weight("model.norm.weight")));
    }
    return logits;
  }

  private void layer(double[][] x, String layer) {
    double[][] queries = new double[x.length][];
    double[][] keys = new double[x.length][];
    double[][] values = new double[x.length][];
    for (int row = 0; row < x.length; row++) {
      double[] normed = norm(x[row], weight(layer + "input_layernorm.weight"));
      queries[row] = rotate(heads(layer, "q", normed), row);
      keys[row] = rotate(heads(layer, "k", normed), row);
      values[row] = project(layer + "self_attn.v_proj", normed);
    }
    for (int row = 0; row < x.length; row++) {
      double[] attended = attend(queries[row], keys, values, row);
      add(x[row], project(layer + "self_attn.o_proj", attended));
      double[] normed = norm(x[row], weight(layer + "post_attention_layernorm.weight"));
      double[] gate = project(layer + "mlp.gate_proj", normed);
      double[] up = project(layer + "mlp.up_proj", normed);
      for (int index = 0; index < gate.length; index++) {
        gate[index] = gate[index] / (1 + Math.exp(-gate[index])) * up[index];
      }
      add(x[row], project(layer + "mlp.down_proj", gate));
    }
  }

  /** Projected heads, each normalised by itself where the model has a norm for them. */
  private double[] heads(String layer, String letter, double[] input) {
    double[] projected = project(layer + "self_attn." + letter + "_proj", input);
    double[] factors = weights.get(layer + "self_attn." + letter + "_norm.weight");
    if (factors == null) {
      return projected;
    }
    for (int start = 0; start < projected.length; start += shape.headDim()) {
      double[] head = norm(row(projected, start / shape.headDim(), shape.headDim()), factors);
      System.arraycopy(head, 0, projected, start, head.length);
    }
    return projected;
  }

  private double[] rotate(double[] heads, int position) {
    int half = shape.headDim() / 2;
    double[] rotated = new double[heads.length];
    for (int index = 0; index < heads.length; index++) {
      int element = index % shape.headDim();
      boolean low = element < half;
      double plain = Math.pow(shape.theta(), -(element % half) / (double) half);
      double angle = position * shape.frequency().applyAsDouble(plain);
      double partner = low ? -heads[index + half] : heads[index - half];
      rotated[index] = heads[index] * Math.cos(angle) + partner * Math.sin(angle);
    }
    return rotated;
  }

  private double[] attend(double[] query, double[][] keys, double[][] values, int position) {
    int dim = shape.headDim();
    double[] out = new double[query.length];
    for (int head = 0; head < shape.heads(); head++) {
      int kvStart = head / (shape.heads() / shape.kvHeads()) * dim;
      double[] weight = new double[position + 1];
      double sum = 0;
      for (int other = 0; other <= position; other++) {
        double dot = 0;
        for (int element = 0; element < dim; element++) {
          dot += query[head * dim + element] * keys[other][kvStart + element];
        }
        weight[other] = Math.exp(dot / Math.sqrt(dim));
        sum += weight[other];
      }
      for (int other = 0; other <= position; other++) {
        for (int element = 0; element < dim; element++) {
          out[head * dim + element] += weight[other] / sum * values[other][kvStart + element];
        }
      }
    }
    return out;
  }

  private double[] project(String name, double[] input) {
    double[] product = multiply(weight(name + ".weight"), input);
    double[] scale = weights.get(name + ".weight_scale");
    if (scale != null) {
      for (int output = 0; output < product.length; output++) {
        product[output] *= scale[output];
      }
    }
    double[] bias = weights.get(name + ".bias");
    if (bias != null) {
      add(product, bias);
    }
    return product;
  }

  private double[] norm(double[] row, double[] factors) {
    double squares = 0;
    for (double element : row) {
      squares += element * element;
    }
    double root = Math.sqrt(squares / row.length + shape.epsilon());
    double[] normed = new double[row.length];
    for (int index = 0; index < row.length; index++) {
      normed[index] = row[index] / root * factors[index];
    }
    return normed;
  }

  private double[] weight(String name) {
    double[] values = weights.get(name);
    if (values == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return values;
  }

  private static double[] multiply(double[] matrix, double[] input) {
    double[] product = new double[matrix.length / input.length];
    for (int output = 0; output < product.length; output++) {
      for (int index = 0; index < input.length; index++) {
        product[output] += matrix[output * input.length + index] * input[index];
      }
    }
    return product;
  }

  private static double[] row(double[] matrix, int row, int width) {
    return Arrays.copyOfRange(matrix, row * width, (row + 1) * width);
  }

  private static void add(double[] sum, double[] added) {
    for (int index = 0; index < sum.length; index++) {
      sum[index] += added[index];
    }
  }
}
