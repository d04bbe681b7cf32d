package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AppendRows;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.PageLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What decoding 64 tokens writes into one layer: 64 appended rows and, where pages are packed, the
 * packing of the page they filled. Pages and layers take turns.
 */
final class AppendWork implements Workload {
  private static final int PAGE = SegmentPart.PAGE_ROWS;

  private final AttentionCase shape;
  private final NativeMemory memory = new NativeMemory();
  private final FilledCache cache;
  private final boolean packed;
  private final GridKernel append;
  private final List<GridKernel> pack;
  private final GridKernel.Launch[] appendLayers;
  private final List<GridKernel.Launch> packLayers = new ArrayList<>();
  private final MemorySegment pages;
  private final MemorySegment table;
  private final MemorySegment refused;
  private final float[] key;
  private int layer;
  private int page;

  AppendWork(AttentionCase shape, Team team, long least) {
    this.shape = shape;
    AttentionData data = new AttentionData(shape);
    cache = new FilledCache(shape, data, memory, team, least);
    SegmentPart part = shape.part();
    packed = part.packing().isPresent();
    AttentionShape kernelShape = shape.shape();
    Map<String, MemorySegment> buffers = new HashMap<>(cache.buffers());
    key = new float[shape.kvHeads() * shape.headDim()];
    System.arraycopy(data.keys(0), 0, key, 0, key.length);
    pages = buffers.getOrDefault(CachedPages.pages(part), MemorySegment.NULL);
    table = buffers.getOrDefault("table", MemorySegment.NULL);
    refused = memory.ascending(shape.kvHeads());
    buffers.put("k", memory.floats(key));
    buffers.put("v", memory.floats(key));
    buffers.put("source", pages);
    buffers.put("refused", refused);
    append = new GridKernel(AppendRows.build("append", kernelShape), team);
    pack =
        packed
            ? List.of(new GridKernel(PackPages.ofOpenPage("pack", kernelShape, part), team))
            : List.of();
    appendLayers = new GridKernel.Launch[cache.layers()];
    for (int i = 0; i < appendLayers.length; i++) {
      Map<String, Integer> dims = new HashMap<>(cache.dims(i));
      dims.put("position", 0);
      dims.put("span", 1);
      dims.put("tokens", 0);
      appendLayers[i] = append.launch(buffers, dims, shape.kvHeads(), 1);
      for (GridKernel kernel : pack) {
        packLayers.add(kernel.launch(buffers, dims, shape.kvHeads(), 1));
      }
    }
  }

  @Override
  public List<MemorySegment> memory() {
    return memory.large();
  }

  @Override
  public void run() {
    GridKernel.Launch launch = appendLayers[layer];
    int position = append.dimension("position");
    for (int row = 0; row < PAGE; row++) {
      launch.dims()[position] = page * PAGE + row;
      append.run(launch);
    }
    if (packed) {
      GridKernel kernel = pack.getFirst();
      GridKernel.Launch closing = packLayers.get(layer);
      closing.dims()[kernel.dimension("tokens")] = (page + 1) * PAGE;
      kernel.run(closing);
    }
    layer = (layer + 1) % appendLayers.length;
    page = layer == 0 ? (page + 1) % shape.pages() : page;
  }

  /** Rows are read as f32; each page is written once in the end. */
  @Override
  public double bytes() {
    double row = 2.0 * shape.kvHeads() * shape.headDim();
    return PAGE * row * (Float.BYTES + shape.format().plain().bytes())
        + (packed ? cache.layerBytes() / shape.pages() : 0);
  }

  @Override
  public double operations() {
    return 0;
  }

  /** Appends a page once more and looks for its keys. */
  @Override
  public void check() {
    layer = 0;
    page = 0;
    run();
    int entry = packed ? shape.part().slots(shape.context()) : 0;
    long start =
        table.getAtIndex(ValueLayout.JAVA_INT, entry) * (long) shape.shape().pageElements();
    PageLayout layout = FilledCache.layout(shape);
    for (int i = 0; i < shape.headDim(); i++) {
      long at = start + layout.keyElement(PAGE - 1, i);
      float found =
          switch (shape.format().plain()) {
            case F32 -> pages.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            case BF16 -> ElementFormat.fromBfloat16(pages.getAtIndex(ValueLayout.JAVA_SHORT, at));
            case F16 -> Float.float16ToFloat(pages.getAtIndex(ValueLayout.JAVA_SHORT, at));
            case I32, I8, U8, U4 -> throw new IllegalStateException("rows are numbers");
          };
      if (found != shape.format().plain().round(key[i])) {
        throw new IllegalStateException("element " + i + " was appended as " + found);
      }
    }
    for (int head = 0; packed && head < shape.kvHeads(); head++) {
      if (refused.getAtIndex(ValueLayout.JAVA_INT, head) != 0) {
        throw new IllegalStateException("the page of head " + head + " could not be packed");
      }
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
