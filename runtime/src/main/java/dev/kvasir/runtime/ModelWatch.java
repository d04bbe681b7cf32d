package dev.kvasir.runtime;

import dev.kvasir.plans.ModelFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Watches the sizes of the weight files that a loaded model maps.
 *
 * <p>Reading a mapped page that its file lost is a fault. Java makes an {@link InternalError} of
 * it, sometimes: vector loads that ran as compiled code may end the process instead. What lies
 * between the new end of a file and the end of its page reads as zeros without any fault. So sizes
 * are looked at before and after all that reads weights; a file that is replaced by another of the
 * same name stays as it was where it is mapped.
 */
final class ModelWatch implements AutoCloseable {

  private final List<Watched> files = new ArrayList<>();

  private record Watched(Path path, RandomAccessFile file, long bytes) {}

  private ModelWatch() {}

  /**
   * {@return a watch over the weight files in {@code modelDirectory} from now on}
   *
   * @throws IOException when one is missing or cannot be opened
   */
  static ModelWatch open(Path modelDirectory) throws IOException {
    ModelWatch watch = new ModelWatch();
    try {
      for (Path path : ModelFiles.locate(modelDirectory).weights()) {
        watch.add(path);
      }
      return watch;
    } catch (Throwable thrown) {
      watch.close();
      throw thrown;
    }
  }

  private void add(Path path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
    try {
      files.add(new Watched(path, file, file.length()));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Refuses to go on with other files than were opened. Allocates nothing.
   *
   * @throws KvasirException {@link ErrorCode#MODEL_CHANGED}
   */
  void requireUnchanged() {
    for (int i = 0; i < files.size(); i++) {
      Watched watched = files.get(i);
      long bytes;
      try {
        bytes = watched.file().length();
      } catch (IOException e) {
        throw fault(watched.path(), e);
      }
      if (bytes != watched.bytes()) {
        throw new KvasirException(
            ErrorCode.MODEL_CHANGED,
            "%s had %,d bytes when the model was loaded and has %,d now; put the file back and load"
                    .formatted(watched.path(), watched.bytes(), bytes)
                + " the model again");
      }
    }
  }

  /**
   * {@return the error for weights that could not be read while they were in use}
   *
   * @param place the model or a file of it
   */
  static KvasirException fault(Object place, Throwable cause) {
    return new KvasirException(
        ErrorCode.MODEL_CHANGED,
        "%s could not be read while it was in use: a file of it changed, or its disk failed; put"
                .formatted(place)
            + " the file back and load the model again",
        cause);
  }

  @Override
  public void close() {
    files.forEach(ModelWatch::close);
    files.clear();
  }

  private static void close(Watched watched) {
    try {
      watched.file().close();
    } catch (IOException e) {
      // Nothing was written: what was read stays true.
      return;
    }
  }
}
