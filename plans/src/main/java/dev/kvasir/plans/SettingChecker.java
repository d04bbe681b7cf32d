package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;
import static dev.kvasir.plans.PlanChecker.requireUnique;

import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import java.util.regex.Pattern;

/**
 * Checks that settings have names of their own, values that people can write, and rules over tokens
 * that there are.
 */
final class SettingChecker {

  private static final int MAX_SETTINGS = 16;
  private static final int MAX_VALUES = 64;
  private static final int MAX_REACH = 1 << 16;
  private static final Pattern VALUE = Pattern.compile("[a-z][a-z0-9-]{0,63}");

  private final Program program;
  private final long vocabulary;

  SettingChecker(Plan plan) {
    program = plan.program();
    vocabulary = plan.manifest().model().vocabulary();
  }

  void check() throws PlanException {
    String settings = PlanFormat.PROGRAM + ": setting";
    requireRange(settings + "s", program.settings().size(), 0, MAX_SETTINGS);
    requireUnique(settings, program.settings().stream().map(Setting::name).toList());
    for (Setting setting : program.settings()) {
      String place = settings + " " + setting.name();
      require(
          MarkChecker.isCounter(setting.name())
              && !CounterIndex.PROGRAM_COUNTERS.contains(setting.name())
              && program.marks().stream().noneMatch(mark -> mark.name().equals(setting.name())),
          place,
          "expected the name of a counter that there is not yet");
      requireRange(place + ": values", setting.values().size(), 1, MAX_VALUES);
      requireUnique(place + ": value", setting.values());
      for (String value : setting.values()) {
        require(
            VALUE.matcher(value).matches() && !value.equals(Setting.AUTO),
            place + ": values",
            "expected words of small letters, digits and \"-\", other than " + Setting.AUTO);
      }
      checkRule(place + ": prompt: ", setting.rule(), setting.values().size());
    }
  }

  private void checkRule(String place, PromptRule rule, int values) throws PlanException {
    requireRange(place + "reach", rule.reach(), 1, MAX_REACH);
    requireRange(place + "found", rule.found(), 0, values - 1);
    requireRange(place + "otherwise", rule.otherwise(), 0, values - 1);
    long least = 0;
    for (int token : rule.tokens()) {
      requireRange(place + "tokens", token, least, vocabulary - 1);
      least = token + 1L;
    }
  }
}
