package dev.kvasir.cli.tornado;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process that does this one's work: it has the same standard input, output and error, it ends
 * when this one is asked to end, as by Ctrl-C, and this one waits for it.
 */
public final class ChildProcess {
  private static final int SECONDS = 10;

  private final List<String> command;
  private Optional<Process> process = Optional.empty();
  private boolean ending;

  private ChildProcess(List<String> command) {
    this.command = List.copyOf(command);
  }

  /**
   * {@return the exit status of the process}
   *
   * @param command the words that start it
   * @throws IOException when it cannot be started
   * @throws InterruptedException when the waiting thread is interrupted; the process goes on
   */
  public static int run(List<String> command) throws IOException, InterruptedException {
    ChildProcess child = new ChildProcess(command);
    Thread hook = Thread.ofPlatform().name("kvasir-child-process").unstarted(child::end);
    Runtime.getRuntime().addShutdownHook(hook);
    int status = child.start().waitFor();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // This process ends already, and its hook sees that the other one has ended.
      return status;
    }
    return status;
  }

  private synchronized Process start() throws IOException {
    if (ending) {
      throw new IOException("this process is about to end");
    }
    Process started = new ProcessBuilder(command).inheritIO().start();
    process = Optional.of(started);
    return started;
  }

  private synchronized Optional<Process> startNoMore() {
    ending = true;
    return process;
  }

  /** On a terminal both processes are told to end, and once more does no harm. */
  private void end() {
    Optional<Process> started = startNoMore();
    if (started.isEmpty()) {
      return;
    }
    started.get().destroy();
    try {
      if (!started.get().waitFor(SECONDS, TimeUnit.SECONDS)) {
        started.get().destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
