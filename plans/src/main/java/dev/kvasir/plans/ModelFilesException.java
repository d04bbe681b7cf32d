package dev.kvasir.plans;

import java.io.IOException;
import java.nio.file.Path;

/** A model directory that lacks a file. */
public final class ModelFilesException extends IOException {

  /** Why a model directory was refused. */
  public enum Reason {
    /** The path names nothing, or something that is no directory. */
    NOT_A_DIRECTORY,
    /** There is no regular file {@code config.json}. */
    NO_CONFIG,
    /** {@code config.json} is larger than {@link ModelFiles#MAX_CONFIG_BYTES}. */
    CONFIG_TOO_LARGE,
    /** There is neither a regular file {@code model.safetensors} nor an index of several. */
    NO_WEIGHTS,
    /** The index names a file that is not there. */
    NO_SHARD
  }

  private final Reason reason;
  private final Path place;
  private final String problem;

  ModelFilesException(Reason reason, Path place, String problem) {
    super(place + ": " + problem);
    this.reason = reason;
    this.place = place;
    this.problem = problem;
  }

  /** {@return why the directory was refused} */
  public Reason reason() {
    return reason;
  }

  /** {@return the directory or file that the problem is about} */
  public Path place() {
    return place;
  }

  /** {@return the message without the place} */
  public String problem() {
    return problem;
  }
}
