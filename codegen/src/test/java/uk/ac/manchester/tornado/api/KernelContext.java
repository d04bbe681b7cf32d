package uk.ac.manchester.tornado.api;

import dev.kvasir.codegen.emit.tornado.device.WorkItem;

/** What one thread of a launch sees. The fields are boxed in TornadoVM too. */
public final class KernelContext {

  public final Integer localIdx;
  public final Integer groupIdx;
  public final Integer groupIdy;
  public final Integer groupIdz;
  private final WorkItem item;

  /** The context of one thread. */
  public KernelContext(WorkItem item) {
    this.item = item;
    localIdx = item.thread();
    groupIdx = item.coordinate(0);
    groupIdy = item.coordinate(1);
    groupIdz = item.coordinate(2);
  }

  public void localBarrier() {
    item.localBarrier();
  }

  public void globalBarrier() {
    item.globalBarrier();
  }

  public float[] allocateFloatLocalArray(int size) {
    return item.allocateFloats(size);
  }

  public int[] allocateIntLocalArray(int size) {
    return item.allocateInts(size);
  }
}
