package dev.kvasir.benchmarks;

import java.util.List;

/**
 * An ONNX model of one node: ONNX Runtime's operator {@code GroupQueryAttention}. Field numbers are
 * those of {@code onnx.proto}.
 */
final class OnnxModel {
  static final int FLOAT = 1;
  static final int FLOAT16 = 10;
  private static final int INT32 = 6;

  private static final String DOMAIN = "com.microsoft";
  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;
  private static final int ATTRIBUTE_FLOAT = 1;
  private static final int ATTRIBUTE_INT = 2;

  static final List<String> INPUTS =
      List.of("query", "key", "value", "past_key", "past_value", "seqlens_k", "total_length");
  static final List<String> OUTPUTS = List.of("output", "present_key", "present_value");

  private OnnxModel() {}

  /**
   * {@return the model's bytes, for one sequence and one new token}
   *
   * @param element type of rows: {@link #FLOAT} or {@link #FLOAT16}
   */
  static byte[] attention(AttentionCase shape, int element) {
    long dim = shape.headDim();
    long[] query = {1, 1, shape.queryHeads() * dim};
    long[] row = {1, 1, shape.kvHeads() * dim};
    long[] cache = {1, shape.kvHeads(), shape.context(), dim};
    Protobuf graph = new Protobuf().message(1, node(shape)).text(2, "attention");
    List<long[]> shapes = List.of(query, row, row, cache, cache, new long[] {1}, new long[] {1});
    for (int i = 0; i < INPUTS.size(); i++) {
      int type = i < 5 ? element : INT32;
      graph.message(11, tensor(INPUTS.get(i), type, shapes.get(i)));
    }
    List<long[]> results = List.of(query, cache, cache);
    for (int i = 0; i < OUTPUTS.size(); i++) {
      graph.message(12, tensor(OUTPUTS.get(i), element, results.get(i)));
    }
    return new Protobuf()
        .number(1, IR_VERSION)
        .message(7, graph)
        .message(8, new Protobuf().text(1, "").number(2, OPSET))
        .message(8, new Protobuf().text(1, DOMAIN).number(2, 1))
        .bytes();
  }

  private static Protobuf node(AttentionCase shape) {
    Protobuf node = new Protobuf();
    INPUTS.forEach(name -> node.text(1, name));
    OUTPUTS.forEach(name -> node.text(2, name));
    return node.text(3, "attention")
        .text(4, "GroupQueryAttention")
        .message(5, integer("num_heads", shape.queryHeads()))
        .message(5, integer("kv_num_heads", shape.kvHeads()))
        .message(
            5,
            new Protobuf()
                .text(1, "scale")
                .number(2, (float) shape.scale())
                .number(20, ATTRIBUTE_FLOAT))
        .text(7, DOMAIN);
  }

  private static Protobuf integer(String name, int value) {
    return new Protobuf().text(1, name).number(3, value).number(20, ATTRIBUTE_INT);
  }

  private static Protobuf tensor(String name, int element, long[] extents) {
    Protobuf dims = new Protobuf();
    for (long extent : extents) {
      dims.message(1, new Protobuf().number(1, extent));
    }
    Protobuf type = new Protobuf().number(1, element).message(2, dims);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, type));
  }
}
