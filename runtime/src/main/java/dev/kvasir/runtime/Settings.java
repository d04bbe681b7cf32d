package dev.kvasir.runtime;

import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of one session: values that it was opened with, and those that rules find for each
 * of its prompts.
 */
final class Settings {

  private final List<Setting> declared;
  private final int first;
  private final boolean[] given;
  private final int[] values;

  /**
   * The settings of a session that has read nothing.
   *
   * @param options words for some of them
   * @throws KvasirException when the program has no such setting, or the setting no such value
   */
  Settings(Program program, Map<String, String> options) {
    declared = program.settings();
    first = CounterIndex.PROGRAM_COUNTERS.size() + program.marks().size();
    given = new boolean[declared.size()];
    values = declared.stream().mapToInt(setting -> setting.rule().otherwise()).toArray();
    options.forEach(this::give);
  }

  private Settings(List<Setting> declared, int first, boolean[] given, int[] values) {
    this.declared = declared;
    this.first = first;
    this.given = given;
    this.values = values;
  }

  private void give(String name, String word) {
    List<String> names = declared.stream().map(Setting::name).toList();
    int index = names.indexOf(name);
    if (index < 0) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          names.isEmpty()
              ? "the plan leaves nothing to its sessions, got a setting %s; its policy decides, compile another"
                  .formatted(name)
              : "the plan has no setting %s; it has %s".formatted(name, String.join(", ", names)));
    }
    List<String> words = declared.get(index).values();
    given[index] = !word.equals(Setting.AUTO);
    if (given[index] && !words.contains(word)) {
      List<String> allowed = new ArrayList<>(words);
      allowed.add(Setting.AUTO);
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "%s must be one of %s, got %s".formatted(name, String.join(", ", allowed), word));
    }
    if (given[index]) {
      values[index] = words.indexOf(word);
    }
  }

  /**
   * Takes what a prompt asks for; one without tokens asks for nothing new.
   *
   * @return the values before, for {@link #takeBack}
   */
  int[] read(int[] prompt) {
    int[] before = values.clone();
    for (int i = 0; i < values.length; i++) {
      if (!given[i] && prompt.length > 0) {
        values[i] = value(declared.get(i).rule(), prompt);
      }
    }
    return before;
  }

  private static int value(PromptRule rule, int[] prompt) {
    int[] tokens = rule.tokens().stream().mapToInt(Integer::intValue).toArray();
    int end = Math.min(prompt.length, rule.reach());
    for (int i = 0; i < end; i++) {
      if (Arrays.binarySearch(tokens, prompt[i]) >= 0
          || Arrays.binarySearch(tokens, prompt[prompt.length - 1 - i]) >= 0) {
        return rule.found();
      }
    }
    return rule.otherwise();
  }

  /** Forgets a prompt of which nothing stays read. */
  void takeBack(int[] before) {
    System.arraycopy(before, 0, values, 0, values.length);
  }

  /** Writes the values after those of marks; allocates nothing. */
  void write(long[] counters) {
    for (int i = 0; i < values.length; i++) {
      counters[first + i] = values[i];
    }
  }

  /** {@return the words of all settings, by name} */
  Map<String, String> words() {
    Map<String, String> words = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      words.put(declared.get(i).name(), declared.get(i).values().get(values[i]));
    }
    return words;
  }

  /** {@return the settings of a session that goes on from here by itself} */
  Settings fork() {
    return new Settings(declared, first, given.clone(), values.clone());
  }
}
