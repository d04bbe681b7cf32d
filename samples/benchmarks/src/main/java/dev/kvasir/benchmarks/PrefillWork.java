package dev.kvasir.benchmarks;

/** Attention of a whole prompt over its own raw rows, the cache empty before it. */
final class PrefillWork implements Workload {
  private static final double BAR = 1e-4;

  private final AttentionCase shape;
  private final NativeMemory memory = new NativeMemory();
  private final PrefillBuffers buffers;
  private final GridKernel kernel;
  private final GridKernel.Launch launch;

  PrefillWork(AttentionCase shape, Team team) {
    if (!shape.format().equals(CacheFormat.F32)) {
      throw new IllegalArgumentException("raw rows of a prompt are f32");
    }
    this.shape = shape;
    buffers = new PrefillBuffers(shape, memory);
    int tokens = shape.tiles().prefillTokens();
    kernel =
        new GridKernel(
            dev.kvasir.codegen.skeleton.PrefillAttention.build(
                "prefill", shape.shape(), tokens, shape.pages()),
            team);
    launch =
        kernel.launch(
            buffers.buffers(),
            buffers.dims(),
            shape.kvHeads(),
            Math.ceilDiv(shape.context(), tokens));
  }

  @Override
  public void run() {
    kernel.run(launch);
  }

  @Override
  public double bytes() {
    return buffers.bytes();
  }

  /** Row i sees i + 1 rows. */
  @Override
  public double operations() {
    return shape.operationsOfRow() * (shape.context() + 1.0) / 2;
  }

  @Override
  public void check() {
    buffers.require("prefill attention", BAR);
  }

  @Override
  public void close() {
    memory.close();
  }
}
