package dev.kvasir.runtime;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import dev.kvasir.plans.TokenizerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * The tokenizer that a model's {@code tokenizer.json} describes, run by Hugging Face's own library
 * through {@code ai.djl.huggingface:tokenizers}, an optional dependency with native code for Linux,
 * macOS on ARM and Windows.
 *
 * <p>A text that begins a sequence gets what the file's post-processor puts around it: a
 * beginning-of-sequence token exactly where the file asks for one. A text that continues a sequence
 * gets nothing. Truncation and padding, which a file may keep from training, are switched off. Text
 * that spells a special token is that token, as in the library: that is how callers, who know the
 * model's chat template, write one; they must not let strangers do so. Special tokens decode to
 * nothing.
 */
final class HuggingFaceTokenizer implements Tokenizer, AutoCloseable {

  // The library would ask the network for a build of its native code for graphics cards, and report
  // its use; neither is wanted of a program that reads a local file.
  private static final Map<String, String> OFFLINE =
      Map.of("ai.djl.offline", "true", "OPT_OUT_TRACKING", "true", "RUST_FLAVOR", "cpu");

  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "true");

  private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer library;
  // Read to use the native tokenizer, written to free it.
  private final ReadWriteLock use = new ReentrantReadWriteLock();
  private boolean closed;

  /**
   * Reads a tokenizer.
   *
   * @throws KvasirException when the file describes none, or the native code does not run here
   * @throws NoClassDefFoundError when the library is not on the class path
   */
  HuggingFaceTokenizer(TokenizerFile file) throws IOException {
    OFFLINE.forEach(
        (name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, value);
          }
        });
    try {
      LibUtils.checkStatus();
    } catch (RuntimeException | UnsatisfiedLinkError e) {
      throw new KvasirException(
          ErrorCode.TOKENIZER_LIBRARY_MISSING,
          "%s needs native code that does not load here (%s); use a machine that the library"
                  .formatted(file.path(), e)
              + " ai.djl.huggingface:tokenizers supports, or give and take token ids with a plan"
              + " compiled without the file",
          e);
    }
    try {
      library =
          ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(file.bytes()), OPTIONS);
    } catch (RuntimeException e) {
      throw new KvasirException(
          ErrorCode.TOKENIZER_INVALID,
          "%s is no tokenizer: %s; get it again from where the model was published"
              .formatted(file.path(), e.getMessage()),
          e);
    }
  }

  @Override
  public int[] encode(String text) {
    return encode(text, true);
  }

  @Override
  public int[] encodeContinuation(String text) {
    return encode(text, false);
  }

  private int[] encode(String text, boolean begins) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw ByteTokenizer.halfOfAPair(null);
    }
    long[] ids = using(() -> library.encode(text, begins, false).getIds());
    int[] tokens = new int[ids.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = Math.toIntExact(ids[i]);
    }
    return tokens;
  }

  @Override
  public Decoder newDecoder() {
    return new WindowDecoder(this::decodeAtOnce);
  }

  private String decodeAtOnce(long[] tokens) {
    return using(() -> library.decode(tokens, true));
  }

  private <T> T using(Supplier<T> work) {
    use.readLock().lock();
    try {
      if (closed) {
        throw new KvasirException(
            ErrorCode.CLOSED, "the tokenizer's model is closed; load it again");
      }
      return work.get();
    } finally {
      use.readLock().unlock();
    }
  }

  /** Frees the native tokenizer. Closing again does nothing. */
  @Override
  public void close() {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        library.close();
      }
    } finally {
      use.writeLock().unlock();
    }
  }
}
