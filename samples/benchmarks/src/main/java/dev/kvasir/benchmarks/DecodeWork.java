package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CombineAttention;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Attention of one new token over a layer by the kernels of a plan: the splits, then their sum. */
final class DecodeWork implements Workload {

  private static final double BAR = 1e-4;

  private final AttentionCase shape;
  private final AttentionData data;
  private final NativeMemory memory = new NativeMemory();
  private final FilledCache cache;
  private final GridKernel decode;
  private final GridKernel combine;
  private final GridKernel.Launch[] decodeLayers;
  private final GridKernel.Launch combineLaunch;
  private final MemorySegment out;
  private int layer;

  DecodeWork(AttentionCase shape, Team team, long least) {
    this.shape = shape;
    data = new AttentionData(shape);
    cache = new FilledCache(shape, data, memory, team, least);
    int pagesPerSplit = shape.tiles().rowsPerSplit() / SegmentPart.PAGE_ROWS;
    int splits = Math.ceilDiv(shape.pages(), pagesPerSplit);
    AttentionShape kernelShape = shape.shape();
    Map<String, MemorySegment> buffers = new HashMap<>(cache.buffers());
    long partials = (long) shape.queryHeads() * splits;
    out = memory.floats((long) shape.queryHeads() * shape.headDim());
    buffers.put("q", memory.floats(data.queries()));
    buffers.put("partial_maximum", memory.floats(partials));
    buffers.put("partial_sum", memory.floats(partials));
    buffers.put("partial_output", memory.floats(partials * shape.headDim()));
    buffers.put("out", out);
    buffers.put("lse", memory.floats(shape.queryHeads()));
    decode =
        new GridKernel(
            dev.kvasir.codegen.skeleton.DecodeAttention.build(
                "decode", kernelShape, pagesPerSplit, splits),
            team);
    combine = new GridKernel(CombineAttention.build("combine", kernelShape, splits), team);
    decodeLayers = new GridKernel.Launch[cache.layers()];
    for (int i = 0; i < decodeLayers.length; i++) {
      Map<String, Integer> dims = new HashMap<>(cache.dims(i));
      dims.put("tokens", shape.context());
      decodeLayers[i] = decode.launch(buffers, dims, shape.kvHeads(), splits);
    }
    combineLaunch =
        combine.launch(buffers, Map.of("splits", splits, "first_head", 0), shape.kvHeads(), 1);
  }

  @Override
  public List<MemorySegment> memory() {
    return memory.large();
  }

  @Override
  public void run() {
    decode.run(decodeLayers[layer]);
    combine.run(combineLaunch);
    layer = (layer + 1) % decodeLayers.length;
  }

  @Override
  public double bytes() {
    return cache.layerBytes();
  }

  @Override
  public double operations() {
    return shape.operationsOfRow();
  }

  /** {@return what the last run computed, [query heads, head dim]} */
  float[] output() {
    return out.toArray(ValueLayout.JAVA_FLOAT);
  }

  @Override
  public void check() {
    data.require("the generated kernel", output(), BAR);
  }

  @Override
  public void close() {
    memory.close();
  }
}
