package dev.kvasir.benchmarks;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decode attention by ONNX Runtime's {@code GroupQueryAttention} on the CPU. Past and present keys
 * and values share buffers, so that nothing is copied from step to step.
 */
final class OnnxAttention implements Workload {
  private static final double BAR_F32 = 1e-4;
  private static final double BAR_F16 = 1e-2;

  private final AttentionCase shape;
  private final AttentionData data;
  private final NativeMemory memory = new NativeMemory();
  private final boolean half;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final List<Map<String, OnnxTensor>> inputs = new ArrayList<>();
  private final List<Map<String, OnnxTensor>> outputs = new ArrayList<>();
  private final MemorySegment output;
  private int layer;

  OnnxAttention(AttentionCase shape, int threads, long least) {
    this.shape = shape;
    half = shape.format().equals(CacheFormat.F16);
    if (!half && !shape.format().equals(CacheFormat.F32)) {
      throw new IllegalArgumentException(
          "ONNX Runtime attends f32 and f16 on the CPU, not " + shape.format().text());
    }
    data = new AttentionData(shape);
    int element = half ? OnnxModel.FLOAT16 : OnnxModel.FLOAT;
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(OnnxModel.attention(shape, element), options);
      output = rows(new float[shape.queryHeads() * shape.headDim()]);
      bind(least);
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime refuses the model", e);
    }
  }

  private void bind(long least) throws OrtException {
    long dim = shape.headDim();
    long[] query = {1, 1, shape.queryHeads() * dim};
    long[] row = {1, 1, shape.kvHeads() * dim};
    long[] cache = {1, shape.kvHeads(), shape.context(), dim};
    OnnxTensor queries = tensor(rows(data.queries()), query);
    OnnxTensor key = tensor(rows(lastRows(true)), row);
    OnnxTensor value = tensor(rows(lastRows(false)), row);
    OnnxTensor out = tensor(output, query);
    OnnxTensor last = integer(shape.context() - 1);
    OnnxTensor total = integer(shape.context());
    MemorySegment keys = heads(true);
    MemorySegment values = heads(false);
    for (int i = 0; i < Workload.copies(bytes(), least); i++) {
      OnnxTensor pastKeys = tensor(memory.repeatedInHugePages(keys, 1), cache);
      OnnxTensor pastValues = tensor(memory.repeatedInHugePages(values, 1), cache);
      Map<String, OnnxTensor> in = new HashMap<>();
      in.put("query", queries);
      in.put("key", key);
      in.put("value", value);
      in.put("past_key", pastKeys);
      in.put("past_value", pastValues);
      in.put("seqlens_k", last);
      in.put("total_length", total);
      inputs.add(Map.copyOf(in));
      outputs.add(Map.of("output", out, "present_key", pastKeys, "present_value", pastValues));
    }
  }

  private OnnxTensor tensor(MemorySegment rows, long[] extents) throws OrtException {
    ByteBuffer buffer = rows.asByteBuffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(
        environment, buffer, extents, half ? OnnxJavaType.FLOAT16 : OnnxJavaType.FLOAT);
  }

  private OnnxTensor integer(int value) throws OrtException {
    return OnnxTensor.createTensor(environment, new int[] {value});
  }

  private MemorySegment rows(float[] numbers) {
    if (!half) {
      return memory.floats(numbers);
    }
    MemorySegment stored = memory.bytes((long) numbers.length * Short.BYTES);
    for (int i = 0; i < numbers.length; i++) {
      stored.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(numbers[i]));
    }
    return stored;
  }

  private float[] lastRows(boolean ofKeys) {
    int dim = shape.headDim();
    float[] rows = new float[shape.kvHeads() * dim];
    for (int head = 0; head < shape.kvHeads(); head++) {
      float[] from = ofKeys ? data.keys(head) : data.values(head);
      System.arraycopy(from, (shape.period() - 1) * dim, rows, head * dim, dim);
    }
    return rows;
  }

  /** {@return the rows of one layer: [KV heads, context, head dim]} */
  private MemorySegment heads(boolean ofKeys) {
    MemorySegment all =
        memory.bytes(
            (long) shape.kvHeads()
                * shape.context()
                * shape.headDim()
                * (half ? Short.BYTES : Float.BYTES));
    long at = 0;
    for (int head = 0; head < shape.kvHeads(); head++) {
      MemorySegment period = rows(ofKeys ? data.keys(head) : data.values(head));
      for (int copy = 0; copy < shape.context() / shape.period(); copy++) {
        MemorySegment.copy(period, 0, all, at, period.byteSize());
        at += period.byteSize();
      }
    }
    return all;
  }

  @Override
  public List<MemorySegment> memory() {
    return memory.large();
  }

  @Override
  public void run() {
    try {
      session.run(inputs.get(layer), Set.of(), outputs.get(layer)).close();
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime fails", e);
    }
    layer = (layer + 1) % inputs.size();
  }

  @Override
  public double bytes() {
    return 2.0
        * shape.kvHeads()
        * shape.context()
        * shape.headDim()
        * (half ? Short.BYTES : Float.BYTES);
  }

  @Override
  public double operations() {
    return shape.operationsOfRow();
  }

  /** {@return what the last run computed, [query heads, head dim]} */
  float[] output() {
    if (!half) {
      return output.toArray(ValueLayout.JAVA_FLOAT);
    }
    short[] bits = output.toArray(ValueLayout.JAVA_SHORT);
    float[] numbers = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      numbers[i] = Float.float16ToFloat(bits[i]);
    }
    return numbers;
  }

  @Override
  public void check() {
    data.require("ONNX Runtime", output(), half ? BAR_F16 : BAR_F32);
  }

  @Override
  public void close() {
    inputs.stream().flatMap(all -> all.values().stream()).distinct().forEach(OnnxTensor::close);
    outputs.stream()
        .map(all -> all.get("output"))
        .filter(java.util.Objects::nonNull)
        .distinct()
        .forEach(OnnxTensor::close);
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime does not close", e);
    }
    memory.close();
  }
}
