package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.Implementation;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What the suite measures. */
final class Cases {

  /** Rows of the cache at which targets are stated. */
  static final int CONTEXT = 32_768;

  private static final List<Integer> CONTEXTS = List.of(512, 4096, CONTEXT, 131_072);
  private static final List<CacheFormat> HEAD_DIM_FORMATS =
      List.of(CacheFormat.F32, CacheFormat.BF16, CacheFormat.INT8);

  private Cases() {}

  /** {@return one token over a layer of 32 query and 8 KV heads of 128 elements, one thread} */
  static Case decode(CacheFormat format, int context, Implementation implementation) {
    return Case.of(
        "DecodeAttention",
        "queryHeads",
        32,
        "kvHeads",
        8,
        "headDim",
        128,
        "context",
        context,
        "format",
        format,
        "implementation",
        implementation);
  }

  /** {@return our kernels at the context of the targets} */
  static Case decode(CacheFormat format) {
    return decode(format, CONTEXT, Implementation.KVASIR);
  }

  static Case prefill() {
    return Case.of(
        "PrefillAttention", "queryHeads", 32, "kvHeads", 8, "headDim", 128, "context", 4096);
  }

  static Case product(int rows, String format) {
    return Case.of("MatVec", "outputs", 14_336, "inputs", 4096, "rows", rows, "format", format);
  }

  static Case append(CacheFormat format) {
    return Case.of("Append", "kvHeads", 8, "headDim", 128, "format", format);
  }

  static Case step() {
    return Case.of("EndToEndDecode", "context", 2048, "model", "samples/models/needle");
  }

  /** {@return a group of 8 query heads, at the context of the targets} */
  static Case groupOfEight(CacheFormat format) {
    return decode(format).with("queryHeads", 64);
  }

  /** {@return the same bytes in rows of another width} */
  static Case headDim(CacheFormat format, int dim) {
    return decode(format).with("headDim", dim);
  }

  /** {@return the formats that targets are stated for at other head shapes} */
  static List<CacheFormat> shapeFormats() {
    return HEAD_DIM_FORMATS;
  }

  /** {@return decode attention by each peer in each format that it knows, the fastest first} */
  static List<Case> peers(int context) {
    return List.of(
        decode(CacheFormat.F32, context, Implementation.ONNX_RUNTIME),
        decode(CacheFormat.F16, context, Implementation.ONNX_RUNTIME),
        decode(CacheFormat.F32, context, Implementation.PLAIN_JAVA));
  }

  /**
   * {@return the cases of a run of a few minutes: what is stated for decode attention, steps and
   * the matrix-vector product}
   */
  static List<Case> quick() {
    List<Case> cases = new ArrayList<>();
    for (CacheFormat format : CacheFormat.values()) {
      cases.add(decode(format));
    }
    cases.addAll(peers(CONTEXT).subList(0, 2));
    cases.add(decode(CacheFormat.BF16).with("threads", 2));
    cases.add(product(1, "BF16"));
    cases.add(step());
    return cases;
  }

  /**
   * {@return all cases}
   *
   * @param processors of the machine; decode attention runs with 1, 2, 4, ... of them
   */
  static List<Case> full(int processors) {
    Set<Case> cases = new LinkedHashSet<>();
    for (int context : CONTEXTS) {
      for (CacheFormat format : CacheFormat.values()) {
        cases.add(decode(format, context, Implementation.KVASIR));
      }
      cases.addAll(context == CONTEXT ? peers(context) : peers(context).subList(0, 1));
    }
    for (int threads = 2; threads <= processors; threads *= 2) {
      for (CacheFormat format : CacheFormat.values()) {
        cases.add(decode(format).with("threads", threads));
      }
      cases.add(peers(CONTEXT).getFirst().with("threads", threads));
    }
    for (CacheFormat format : HEAD_DIM_FORMATS) {
      cases.add(groupOfEight(format));
      cases.add(headDim(format, 64));
      cases.add(headDim(format, 256));
    }
    cases.add(prefill());
    cases.add(product(512, "BF16"));
    for (String format : List.of("F32", "BF16", "F16", "I8")) {
      cases.add(product(1, format));
    }
    cases.add(append(CacheFormat.BF16));
    cases.add(append(CacheFormat.INT8));
    cases.add(step());
    return List.copyOf(cases);
  }
}
