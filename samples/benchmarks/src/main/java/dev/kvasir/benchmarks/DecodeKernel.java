package dev.kvasir.benchmarks;

import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.codegen.emit.jvm.TileFrame;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;

/**
 * Decode attention as a plan has it, over dense caches of several layers: 32 query heads, 8 KV
 * heads, rows of 128 elements, each work item 1,024 rows of one KV head.
 */
final class DecodeKernel implements AutoCloseable {
  private static final int QUERY_HEADS = 32;
  private static final int KV_HEADS = 8;
  private static final int DIM = 128;
  private static final int PAGES_PER_SPLIT = 16;
  private static final int ALIGNMENT = 64;

  /** Caches of all layers together have at least this many bytes, to be cold in every cache. */
  private static final long LEAST_BYTES = 1L << 30;

  private final Arena arena = Arena.ofShared();
  private final Kernel kernel;
  private final MethodHandle entry;
  private final MemorySegment[] buffers;
  private final MemorySegment pages;
  private final int[][] dims;
  private final float[][] tileFloats;
  private final int[][] tileInts;
  private final int splits;
  private final long layerBytes;

  /**
   * @param context rows of each KV head, a multiple of 1,024
   * @param format how they are stored
   * @param vectorBits width of the kernel's vectors
   * @param threads how many threads will call {@link #run}
   */
  DecodeKernel(int context, ElementFormat format, int vectorBits, int threads) {
    SegmentPart dense =
        SegmentPart.of(CacheSegment.of(CacheSegment.Kind.DENSE, format, 0, OptionalInt.empty()), 0);
    AttentionShape shape =
        new AttentionShape(
            QUERY_HEADS, KV_HEADS, DIM, DIM, 1 / Math.sqrt(DIM), List.of(dense), context);
    int layerPages = context / SegmentPart.PAGE_ROWS * KV_HEADS;
    splits = context / SegmentPart.PAGE_ROWS / PAGES_PER_SPLIT;
    layerBytes = (long) layerPages * shape.pageElements() * format.bytes();
    int layers = Math.toIntExact(Math.ceilDiv(LEAST_BYTES, layerBytes));
    kernel = DecodeAttention.build("decode", shape, PAGES_PER_SPLIT, splits);
    entry = load(kernel, vectorBits);
    pages = randomPages(layers * layerBytes, format);
    buffers =
        kernel.buffers().stream()
            .map(buffer -> buffer(buffer.name(), layers * layerPages))
            .toArray(MemorySegment[]::new);
    dims = new int[layers][];
    for (int layer = 0; layer < layers; layer++) {
      int table = layer * layerPages;
      dims[layer] =
          kernel.dims().stream()
              .mapToInt(
                  dim ->
                      switch (dim) {
                        case "tokens" -> context;
                        case "dense_table" -> table;
                        case "first_head" -> 0;
                        default -> throw new IllegalStateException("unknown dim " + dim);
                      })
              .toArray();
    }
    TileFrame frame = new TileFrame(kernel);
    tileFloats = new float[threads][frame.floats()];
    tileInts = new int[threads][frame.ints()];
  }

  /** {@return number of layers that take turns} */
  int layers() {
    return dims.length;
  }

  /** {@return bytes of keys and values that one layer reads} */
  long layerBytes() {
    return layerBytes;
  }

  /** {@return the keys and values of all layers} */
  MemorySegment pages() {
    return pages;
  }

  /** Runs the {@code part}-th of {@code parts} equal shares of one layer's work items. */
  void run(int layer, int part, int parts) {
    try {
      for (int head = part; head < KV_HEADS; head += parts) {
        for (int split = 0; split < splits; split++) {
          entry.invokeExact(buffers, dims[layer], tileFloats[part], tileInts[part], 0, head, split);
        }
      }
    } catch (Throwable thrown) {
      throw new IllegalStateException("the kernel failed", thrown);
    }
  }

  /** Checks that every partial sum of the last run is a positive number. */
  void check() {
    for (int index = 0; index < buffers.length; index++) {
      if (kernel.buffers().get(index).name().equals("partial_sum")) {
        for (int head = 0; head < QUERY_HEADS * splits; head++) {
          float sum = buffers[index].getAtIndex(ValueLayout.JAVA_FLOAT, head);
          if (!(sum > 0 && sum < Float.POSITIVE_INFINITY)) {
            throw new IllegalStateException("partial sum " + head + " is " + sum);
          }
        }
      }
    }
  }

  private MemorySegment buffer(String name, int tableEntries) {
    return switch (name) {
      case "q" -> {
        MemorySegment queries = allocate((long) QUERY_HEADS * DIM * Float.BYTES);
        Random random = new Random(1);
        for (int index = 0; index < QUERY_HEADS * DIM; index++) {
          queries.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) random.nextGaussian());
        }
        yield queries;
      }
      case "heads" -> ascending(KV_HEADS);
      case "table" -> ascending(tableEntries);
      case "pages_dense" -> pages;
      case "partial_maximum", "partial_sum" -> allocate((long) QUERY_HEADS * splits * Float.BYTES);
      case "partial_output" -> allocate((long) QUERY_HEADS * splits * DIM * Float.BYTES);
      default -> throw new IllegalStateException("unknown buffer " + name);
    };
  }

  private MemorySegment ascending(int count) {
    MemorySegment numbers = allocate((long) count * Integer.BYTES);
    for (int index = 0; index < count; index++) {
      numbers.setAtIndex(ValueLayout.JAVA_INT, index, index);
    }
    return numbers;
  }

  /** One random block over and over: values of both signs, magnitudes up to 2. */
  private MemorySegment randomPages(long bytes, ElementFormat format) {
    MemorySegment block = allocate(1 << 20);
    Random random = new Random(2);
    for (long offset = 0; offset < block.byteSize(); offset += format.bytes()) {
      float value = 4 * random.nextFloat() - 2;
      switch (format) {
        case F32 -> block.set(ValueLayout.JAVA_FLOAT, offset, value);
        case BF16 -> block.set(ValueLayout.JAVA_SHORT, offset, ElementFormat.toBfloat16(value));
        case F16 -> block.set(ValueLayout.JAVA_SHORT, offset, Float.floatToFloat16(value));
        case I32, U8, U4 -> throw new IllegalArgumentException("keys and values are numbers");
      }
    }
    MemorySegment all = allocate(bytes);
    for (long offset = 0; offset < bytes; offset += block.byteSize()) {
      MemorySegment.copy(block, 0, all, offset, block.byteSize());
    }
    return all;
  }

  private MemorySegment allocate(long bytes) {
    return arena.allocate(bytes, ALIGNMENT);
  }

  private static MethodHandle load(Kernel kernel, int vectorBits) {
    String name = JvmKernelAbi.className(kernel.name(), vectorBits);
    byte[] bytes = JvmLowering.lower(kernel, vectorBits);
    ClassLoader loader =
        new ClassLoader(DecodeKernel.class.getClassLoader()) {
          @Override
          protected Class<?> findClass(String wanted) throws ClassNotFoundException {
            if (!wanted.equals(name)) {
              throw new ClassNotFoundException(wanted);
            }
            return defineClass(name, bytes, 0, bytes.length);
          }
        };
    try {
      MethodType type =
          MethodType.fromMethodDescriptorString(JvmKernelAbi.ENTRY_DESCRIPTOR, loader);
      return MethodHandles.publicLookup()
          .findStatic(loader.loadClass(name), JvmKernelAbi.ENTRY, type);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the kernel cannot be loaded", e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
