package dev.kvasir.runtime.backend;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The buffers of one session where its kernels run. Between launches they may lie elsewhere than in
 * the segments that launches name, so the host says when it wrote to one or is about to read one.
 * For one thread at a time.
 */
public interface Workspace extends AutoCloseable {

  /**
   * {@return launches that run together, in this order}
   *
   * <p>All launches of a workspace are prepared before the first of them runs.
   *
   * @param launches at least 1, at most {@link Backend#mostLaunches}
   */
  PreparedLaunches prepare(List<Launch> launches);

  /**
   * Says that the host wrote to a buffer: launches from now on see it. Allocates nothing.
   *
   * @param buffer a segment that launches name
   * @param format what its elements are
   */
  void written(MemorySegment buffer, StorageFormat format);

  /**
   * Says that the host is about to read a buffer: afterwards the segment holds what the launches so
   * far have left in it.
   *
   * @param buffer a segment that launches name, or one that no launch names, which stays as it is
   * @param format what its elements are
   */
  void read(MemorySegment buffer, StorageFormat format);

  /** Frees what the workspace has taken. No launch may run. */
  @Override
  void close();
}
