package dev.kvasir.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets work end in order when the process is asked to end, as Ctrl-C does: the work is cancelled,
 * and the process waits until this is closed, at most {@value #SECONDS} seconds. Its exit status is
 * then 128 and the number of the signal.
 */
final class Interruption implements AutoCloseable {
  private static final int SECONDS = 5;

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook;

  private Interruption(Runnable cancel) {
    hook =
        Thread.ofPlatform()
            .name("kvasir-interruption")
            .unstarted(
                () -> {
                  cancel.run();
                  await();
                });
  }

  /** Begins: from now on the end of the process runs {@code cancel} first. */
  static Interruption calling(Runnable cancel) {
    Interruption interruption = new Interruption(cancel);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process ends already; the hook has waited for this call.
      return;
    }
  }

  private void await() {
    try {
      boolean inOrder = ended.await(SECONDS, TimeUnit.SECONDS);
      if (!inOrder) {
        // The process was asked to end and does so, whatever the work does.
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
