package dev.kvasir.codegen.emit.tornado.device;

import org.jspecify.annotations.Nullable;

/** The checks of an array in device memory: between threads of a group, and between groups. */
public final class GlobalArray {

  private final Shadow threads;
  private final Shadow groups;
  private @Nullable Launch launch;

  /** Checks for {@code size} elements of the array called {@code name} in errors. */
  public GlobalArray(String name, int size) {
    threads = new Shadow("buffer " + name + " (by threads of a group)", size);
    groups = new Shadow("buffer " + name + " (by groups)", size);
  }

  /** A read by the running thread. */
  public void read(int index) {
    WorkItem item = enter(index);
    threads.read(index, item.thread(), item.group().globalEpoch());
    groups.read(index, item.group().number(), 0);
  }

  /** A write by the running thread. */
  public void write(int index) {
    WorkItem item = enter(index);
    threads.write(index, item.thread(), item.group().globalEpoch());
    groups.write(index, item.group().number(), 0);
  }

  private WorkItem enter(int index) {
    WorkItem item = WorkItem.running();
    threads.checkBounds(index);
    if (launch != item.group().launch()) {
      launch = item.group().launch();
      threads.clear();
      groups.clear();
    }
    return item;
  }
}
