package dev.kvasir.runtime;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How a session is opened. Immutable: each method returns a changed copy.
 *
 * @param memoryLimit most bytes that the session and its forks may reserve, cache and working
 *     memory together; empty for what the machine and the Java virtual machine leave
 * @param forks sessions that may be open beside it as its forks, or forks of those, 0 to {@value
 *     #MAX_FORKS}
 * @param settings what prompts decide otherwise, by name; see {@link #setting}
 */
public record SessionOptions(OptionalLong memoryLimit, int forks, Map<String, String> settings) {

  /** Most forks that may be open at once. */
  public static final int MAX_FORKS = 4_095;

  /** Checks ranges. */
  public SessionOptions {
    if (memoryLimit.isPresent() && memoryLimit.getAsLong() < 0) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "the memory limit must not be negative, got " + memoryLimit.getAsLong());
    }
    if (forks < 0 || forks > MAX_FORKS) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "the number of forks runs from 0 to %d, got %d".formatted(MAX_FORKS, forks));
    }
    settings = Map.copyOf(settings);
  }

  /** {@return options with no limit of their own and no room for forks} */
  public static SessionOptions defaults() {
    return new SessionOptions(OptionalLong.empty(), 0, Map.of());
  }

  /** {@return a copy that may reserve {@code bytes} at most} */
  public SessionOptions memoryLimit(long bytes) {
    return new SessionOptions(OptionalLong.of(bytes), forks, settings);
  }

  /**
   * {@return a copy that reserves memory for {@code count} more sessions, so that {@link
   * Session#fork} can open them}
   */
  public SessionOptions forks(int count) {
    return new SessionOptions(memoryLimit, count, settings);
  }

  /**
   * {@return a copy that has a setting of the plan, whatever its prompts are; forks have it too}
   *
   * <p>A plan with {@code select-window(task = auto)} has the setting {@code task}: {@code
   * localization} where answers lie in one place of a prompt, {@code aggregation} where they lie
   * all over it, {@code auto} to let each prompt decide. Where the plan has no such setting, or the
   * setting no such value, opening the session is an error.
   *
   * @param name for example {@code task}
   * @param word for example {@code aggregation}
   */
  public SessionOptions setting(String name, String word) {
    Map<String, String> changed = new HashMap<>(settings);
    changed.put(name, word);
    return new SessionOptions(memoryLimit, forks, changed);
  }
}
