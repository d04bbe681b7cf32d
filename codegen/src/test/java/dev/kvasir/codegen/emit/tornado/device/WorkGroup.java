package dev.kvasir.codegen.emit.tornado.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The threads of one grid point. They take turns from barrier to barrier, in a drawn order. */
final class WorkGroup {

  /** Where a thread is. */
  enum State {
    READY,
    AT_LOCAL_BARRIER,
    AT_GLOBAL_BARRIER,
    DONE
  }

  /** Ends the other threads of a group after one failed. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super(null, null, false, false);
    }
  }

  private static final int NOBODY = -1;

  private final Launch launch;
  private final int number;
  private final int[] coordinates;
  private final List<LocalArray> locals = new ArrayList<>();
  private final Thread[] threads;
  private final State[] states;
  private final List<Integer> order = new ArrayList<>();
  private int localEpoch;
  private int globalEpoch;
  private volatile int turn = NOBODY;
  private volatile @Nullable Throwable failure;

  WorkGroup(Launch launch, int number, int[] coordinates, int size, Random random) {
    this.launch = launch;
    this.number = number;
    this.coordinates = coordinates;
    // Epochs of different groups must differ, for a buffer's shadow outlives a group.
    this.globalEpoch = launch.nextEpoch();
    threads = new Thread[size];
    states = new State[size];
    Arrays.fill(states, State.READY);
    for (int i = 0; i < size; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
  }

  Launch launch() {
    return launch;
  }

  int number() {
    return number;
  }

  int coordinate(int axis) {
    return coordinates[axis];
  }

  int localEpoch() {
    return localEpoch;
  }

  int globalEpoch() {
    return globalEpoch;
  }

  /** Runs {@code body} once for each thread and throws what went wrong. */
  void run(Consumer<WorkItem> body) throws InterruptedException {
    for (int i = 0; i < threads.length; i++) {
      WorkItem item = new WorkItem(this, i);
      threads[i] =
          Thread.ofVirtual()
              .unstarted(
                  () -> {
                    item.setRunning();
                    try {
                      awaitTurn(item);
                      body.accept(item);
                      states[item.thread()] = State.DONE;
                      passTurn();
                    } catch (Stopped _) {
                      // The failure that stopped this thread is reported instead.
                    } catch (RuntimeException | Error problem) {
                      stop(problem);
                    }
                  });
    }
    turn = order.getFirst();
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    switch (failure) {
      case null -> {}
      case RuntimeException problem -> throw problem;
      case Error problem -> throw problem;
      case Throwable problem -> throw new IllegalStateException(problem);
    }
  }

  private void stop(Throwable problem) {
    failure = problem;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }

  private void awaitTurn(WorkItem item) {
    while (turn != item.thread()) {
      if (failure != null) {
        throw new Stopped();
      }
      LockSupport.park(this);
    }
  }

  void barrier(WorkItem item, State barrier) {
    states[item.thread()] = barrier;
    passTurn();
    awaitTurn(item);
  }

  private void passTurn() {
    int next = nextReady();
    if (next == NOBODY && states[0] == State.DONE && allAre(State.DONE)) {
      return;
    }
    if (next == NOBODY) {
      release();
      next = order.getFirst();
    }
    turn = next;
    LockSupport.unpark(threads[next]);
  }

  private int nextReady() {
    for (int thread : order) {
      if (states[thread] == State.READY) {
        return thread;
      }
    }
    return NOBODY;
  }

  private void release() {
    if (allAre(State.AT_LOCAL_BARRIER)) {
      localEpoch++;
    } else if (allAre(State.AT_GLOBAL_BARRIER)) {
      globalEpoch = launch.nextEpoch();
    } else {
      throw new DeviceException(
          DeviceException.Fault.DIVERGENCE,
          "threads of group %d are %s".formatted(number, List.of(states)));
    }
    Arrays.fill(states, State.READY);
  }

  private boolean allAre(State state) {
    for (State found : states) {
      if (found != state) {
        return false;
      }
    }
    return true;
  }

  /** {@return the local array that each thread takes as its {@code index}-th} */
  LocalArray local(int index, Object fresh) {
    if (index == locals.size()) {
      locals.add(LocalArray.of(index, fresh));
    }
    LocalArray local = locals.get(index);
    if (!local.isLike(fresh)) {
      throw new DeviceException(
          DeviceException.Fault.ALLOCATION, "threads take different local arrays " + index);
    }
    return local;
  }

  LocalArray local(Object array) {
    for (LocalArray local : locals) {
      if (local.array() == array) {
        return local;
      }
    }
    throw new DeviceException(DeviceException.Fault.ALLOCATION, "an array that is not local");
  }
}
