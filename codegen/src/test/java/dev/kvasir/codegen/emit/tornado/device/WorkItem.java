package dev.kvasir.codegen.emit.tornado.device;

import org.jspecify.annotations.Nullable;

/** One thread of a work-group. */
public final class WorkItem {

  /** What the current thread runs. */
  private static final ThreadLocal<@Nullable WorkItem> RUNNING = new ThreadLocal<>();

  private final WorkGroup group;
  private final int thread;
  private int allocations;

  WorkItem(WorkGroup group, int thread) {
    this.group = group;
    this.thread = thread;
  }

  static WorkItem running() {
    WorkItem item = RUNNING.get();
    if (item == null) {
      throw new IllegalStateException("no kernel is running");
    }
    return item;
  }

  void setRunning() {
    RUNNING.set(this);
  }

  WorkGroup group() {
    return group;
  }

  /** {@return the number of the thread in its group} */
  public int thread() {
    return thread;
  }

  /** {@return the group's coordinate} */
  public int coordinate(int axis) {
    return group.coordinate(axis);
  }

  /** Waits for all threads of the group; orders local memory. */
  public void localBarrier() {
    group.barrier(this, WorkGroup.State.AT_LOCAL_BARRIER);
  }

  /** Waits for all threads of the group; orders buffers. */
  public void globalBarrier() {
    group.barrier(this, WorkGroup.State.AT_GLOBAL_BARRIER);
  }

  /** {@return the group's next local array, one for all its threads} */
  public float[] allocateFloats(int size) {
    return group.local(allocations++, new float[size]).floats();
  }

  /** {@return the group's next local array, one for all its threads} */
  public int[] allocateInts(int size) {
    return group.local(allocations++, new int[size]).ints();
  }

  void checkLocalRead(Object array, int index) {
    LocalArray local = group.local(array);
    local.shadow().checkBounds(index);
    if (!local.shadow().isWritten(index)) {
      throw new DeviceException(
          DeviceException.Fault.POISON,
          "thread %d reads element %d of local array %d, which nothing wrote"
              .formatted(thread, index, local.number()));
    }
    local.shadow().read(index, thread, group.localEpoch());
  }

  void checkLocalWrite(Object array, int index) {
    LocalArray local = group.local(array);
    local.shadow().checkBounds(index);
    local.shadow().write(index, thread, group.localEpoch());
  }
}
