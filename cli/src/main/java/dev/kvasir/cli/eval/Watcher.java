package dev.kvasir.cli.eval;

/** Is told how far work is. */
@FunctionalInterface
public interface Watcher {

  /**
   * Work begins.
   *
   * @param task what is done, a word or two
   * @param tokens how many tokens are to be read
   */
  Stage begin(String task, long tokens);

  /** Work that runs until this is closed. */
  interface Stage extends AutoCloseable {
    /** {@code tokens} more were read. */
    void advance(long tokens);

    @Override
    void close();
  }
}
