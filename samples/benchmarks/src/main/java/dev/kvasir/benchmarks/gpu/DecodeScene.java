package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.AttentionCase;
import java.util.List;

/**
 * Decode attention in every format over one context, the formats in turns.
 *
 * @param context rows of a sequence
 * @param batch sequences
 * @param queryHeads query heads
 * @param kvHeads KV heads
 * @param headDim elements of a row
 * @param leastRun bytes that a run reads at least, where that needs no more than {@link #MOST}
 *     layers
 * @param leastLayers bytes of all layers together, at least, so that none stays in a device's
 *     caches
 */
record DecodeScene(
    int context,
    int batch,
    int queryHeads,
    int kvHeads,
    int headDim,
    long leastRun,
    long leastLayers) {

  private static final int MOST = 16;

  /** {@return the scenes of a GPU, the quickest first} */
  static List<DecodeScene> full() {
    long run = 1L << 30;
    long layers = 512L << 20;
    return List.of(
        new DecodeScene(32_768, 1, 32, 8, 128, run, layers),
        new DecodeScene(32_768, 16, 32, 8, 128, run, layers),
        new DecodeScene(131_072, 1, 32, 8, 128, run, layers),
        new DecodeScene(65_536, 1, 32, 8, 128, run, layers));
  }

  /** {@return a scene for a processor} */
  static List<DecodeScene> quick() {
    return List.of(new DecodeScene(128, 2, 4, 2, 32, 1, 1));
  }

  /** {@return the attention of one sequence} */
  AttentionCase shape(GpuFormat format) {
    return new AttentionCase(queryHeads, kvHeads, headDim, context, format);
  }

  /** {@return layers that a run goes through} */
  int layersOfRun(GpuFormat format) {
    return copies(format, leastRun);
  }

  /** {@return different layers among them} */
  int layers(GpuFormat format) {
    return copies(format, leastLayers);
  }

  private int copies(GpuFormat format, long least) {
    return Math.clamp((long) Math.ceil(least / layerBytes(format)), 2, MOST);
  }

  /** {@return bytes of a layer of all sequences} */
  double layerBytes(GpuFormat format) {
    return batch * DeviceDecode.sequenceBytes(shape(format));
  }

  /** {@return different layers, of which no pool has more elements than an index can tell} */
  int layersInPool(GpuFormat format) {
    AttentionCase shape = shape(format);
    double elements = (double) batch * shape.kvHeads() * shape.context() * 2 * headDim;
    return Math.max(1, Math.min(layers(format), (int) (Integer.MAX_VALUE / elements)));
  }

  /** {@return for people} */
  String text() {
    return "decode, %,d rows, %d sequence%s".formatted(context, batch, batch == 1 ? "" : "s");
  }
}
