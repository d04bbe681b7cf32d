package dev.kvasir.cli;

import java.io.PrintWriter;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far work is, on a terminal; does nothing elsewhere. Leaves no line behind. */
final class Progress implements AutoCloseable {
  private static final int COLUMNS = 80;
  private static final String ERASE_LINE = "\r" + " ".repeat(COLUMNS) + "\r";

  private final Optional<ProgressBar> bar;

  private Progress(Optional<ProgressBar> bar) {
    this.bar = bar;
  }

  /**
   * Begins work.
   *
   * @param task what is done, a word or two
   * @param tokens how many tokens it takes
   */
  static Progress begin(Console console, String task, long tokens) {
    if (!console.errIsTerminal()) {
      return new Progress(Optional.empty());
    }
    return new Progress(
        Optional.of(
            new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(tokens)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(100)
                .setConsumer(new Line(console.err()))
                .build()));
  }

  /** Says that {@code tokens} more are done. */
  void advance(long tokens) {
    bar.ifPresent(shown -> shown.stepBy(tokens));
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }

  /** Draws the bar over itself and takes it away at the end. */
  private record Line(PrintWriter out) implements ProgressBarConsumer {
    @Override
    public int getMaxRenderedLength() {
      return COLUMNS - 1;
    }

    @Override
    public void accept(String text) {
      out.print("\r" + text);
      out.flush();
    }

    @Override
    public void close() {
      out.print(ERASE_LINE);
      out.flush();
    }
  }
}
