package dev.kvasir.cli;

import dev.kvasir.runtime.SessionOptions;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the prompt asks for, in place of what it says itself. */
final class TaskOption {
  private static final String TASK = "task";

  @Option(
      names = "--task",
      paramLabel = "TASK",
      converter = TaskName.Converter.class,
      completionCandidates = TaskName.Converter.class,
      description =
          "For plans with select-window(task = auto): ${COMPLETION-CANDIDATES}. Default: auto,"
              + " localization where a question mark is among the prompt's first or last 256"
              + " tokens, else aggregation.")
  private Optional<TaskName> task = Optional.empty();

  /** {@return options of a session that is told the task, if one was given} */
  SessionOptions sessionOptions() {
    SessionOptions options = SessionOptions.defaults();
    return task.map(given -> options.setting(TASK, given.toString())).orElse(options);
  }
}
