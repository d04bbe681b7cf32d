package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.AttentionCase;
import dev.kvasir.benchmarks.AttentionData;
import dev.kvasir.benchmarks.FilledCache;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Attention of one new token of each of some sequences over a layer: the splits, then their sum. A
 * run goes through several layers, whose caches together are far larger than those of the device.
 */
final class DeviceDecode extends DeviceWork {
  private static final double BAR = 1e-3;

  private final AttentionCase shape;
  private final int batch;
  private final int layersOfRun;
  private final String suffix;
  private final AttentionData data;
  private final FilledCache cache;
  private final Map<String, MemorySegment> buffers;
  private final MemorySegment out;
  private final int pagesPerSplit;
  private final int splits;

  /**
   * @param format how the cache is stored, for names
   * @param batch sequences
   * @param layersOfRun layers that a run goes through
   * @param layers different ones among them
   */
  DeviceDecode(
      AttentionCase shape,
      GpuFormat format,
      int batch,
      int layersOfRun,
      int layers,
      NativeMemory memory,
      Team team) {
    this.shape = shape;
    this.batch = batch;
    this.layersOfRun = layersOfRun;
    suffix = format.text();
    data = new AttentionData(shape);
    // One more than a half, so that a sum of rounded sizes gives neither more nor fewer.
    long least = (long) ((layers * batch - 0.5) * sequenceBytes(shape));
    cache = new FilledCache(shape, data, memory, team, least);
    pagesPerSplit = shape.tiles(Target.tornado().profile()).rowsPerSplit() / SegmentPart.PAGE_ROWS;
    splits = Math.ceilDiv(shape.pages(), pagesPerSplit);
    buffers = new HashMap<>(cache.buffers());
    long heads = (long) batch * shape.queryHeads();
    out = memory.floats(heads * shape.headDim());
    buffers.put("q", memory.repeated(memory.floats(data.queries()), batch));
    buffers.put("partial_maximum", memory.floats(heads * splits));
    buffers.put("partial_sum", memory.floats(heads * splits));
    buffers.put("partial_output", memory.floats(heads * splits * shape.headDim()));
    buffers.put("out", out);
    buffers.put("lse", memory.floats(heads));
  }

  /** {@return bytes of one sequence of a layer} */
  static double sequenceBytes(AttentionCase shape) {
    return FilledCache.layerBytes(shape);
  }

  @Override
  List<Kernel> kernels() {
    return List.of(
        DecodeAttention.build("decode_" + suffix, shape.shape(), pagesPerSplit, splits),
        CombineAttention.build("combine_" + suffix, shape.shape(), splits));
  }

  @Override
  List<DeviceKernels.Point> points() {
    List<DeviceKernels.Point> points = new ArrayList<>();
    for (int layer = 0; layer < layersOfRun; layer++) {
      List<Map<String, Integer>> sequences = new ArrayList<>();
      for (int sequence = 0; sequence < batch; sequence++) {
        Map<String, Integer> dims =
            new HashMap<>(cache.dims((layer * batch + sequence) % cache.layers()));
        dims.put("tokens", shape.context());
        dims.put("splits", splits);
        sequences.add(dims);
      }
      points.add(
          new DeviceKernels.Point("decode_" + suffix, buffers, sequences, shape.kvHeads(), splits));
      points.add(
          new DeviceKernels.Point("combine_" + suffix, buffers, sequences, shape.kvHeads(), 1));
    }
    return points;
  }

  @Override
  int operationsOfRun() {
    return layersOfRun;
  }

  @Override
  double bytes() {
    return batch * cache.layerBytes();
  }

  @Override
  double arithmetic() {
    return batch * shape.operationsOfRow();
  }

  @Override
  void check(DeviceKernels device) {
    device.read(out, StorageFormat.F32);
    float[] all = out.toArray(ValueLayout.JAVA_FLOAT);
    int length = all.length / batch;
    for (int sequence = 0; sequence < batch; sequence++) {
      data.require(
          "decode_%s, sequence %d".formatted(suffix, sequence),
          Arrays.copyOfRange(all, sequence * length, (sequence + 1) * length),
          BAR);
    }
  }

  /** {@return a launch of the second kernel that has nothing to do} */
  DeviceKernels.Point nothing() {
    Map<String, Integer> dims = Map.of("splits", splits, "first_head", 0);
    return new DeviceKernels.Point("combine_" + suffix, buffers, List.of(dims), 0, 1);
  }
}
