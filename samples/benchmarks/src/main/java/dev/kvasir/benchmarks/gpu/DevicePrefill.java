package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.AttentionCase;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.PrefillBuffers;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.codegen.emit.tornado.TornadoLowering;
import dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.StorageFormat;
import java.util.List;

/** Attention of a whole prompt over its own raw rows, the cache empty before it. */
final class DevicePrefill extends DeviceWork {
  private static final String NAME = "prefill";
  private static final double BAR = 1e-3;

  private final AttentionCase shape;
  private final PrefillBuffers buffers;
  private final int tokens;

  DevicePrefill(AttentionCase shape, NativeMemory memory) {
    this.shape = shape;
    buffers = new PrefillBuffers(shape, memory);
    tokens = fitting(shape, shape.tiles(Target.tornado().profile()).prefillTokens());
  }

  /** {@return the most tokens, a power of two, whose tiles fit into local memory} */
  private static int fitting(AttentionCase shape, int most) {
    int tokens = most;
    while (tokens > 1 && !fits(shape, tokens)) {
      tokens /= 2;
    }
    return tokens;
  }

  private static boolean fits(AttentionCase shape, int tokens) {
    try {
      TornadoLowering.lower(build(shape, tokens));
      return true;
    } catch (TornadoUnsupportedException _) {
      return false;
    }
  }

  private static Kernel build(AttentionCase shape, int tokens) {
    return PrefillAttention.build(NAME, shape.shape(), tokens, shape.pages());
  }

  @Override
  List<Kernel> kernels() {
    return List.of(build(shape, tokens));
  }

  @Override
  List<DeviceKernels.Point> points() {
    return List.of(
        new DeviceKernels.Point(
            NAME,
            buffers.buffers(),
            List.of(buffers.dims()),
            shape.kvHeads(),
            Math.ceilDiv(shape.context(), tokens)));
  }

  @Override
  int operationsOfRun() {
    return 1;
  }

  @Override
  double bytes() {
    return buffers.bytes();
  }

  /** Row i sees i + 1 rows. */
  @Override
  double arithmetic() {
    return shape.operationsOfRow() * (shape.context() + 1.0) / 2;
  }

  @Override
  void check(DeviceKernels device) {
    device.read(buffers.out(), StorageFormat.F32);
    buffers.require("prefill attention", BAR);
  }
}
