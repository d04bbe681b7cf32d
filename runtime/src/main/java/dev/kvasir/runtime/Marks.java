package dev.kvasir.runtime;

import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Mark;
import java.util.List;
import java.util.Set;

/** The marks of one session: how many tokens were true when each was last set. */
final class Marks {

  /** The place of a mark that there is not. */
  static final int NONE = -1;

  private static final int FIRST = CounterIndex.PROGRAM_COUNTERS.size();

  private final List<Mark> declared;
  private final boolean[] conditional;
  private final long[] values;
  private final int counters;

  Marks(Program program) {
    declared = program.marks();
    values = declared.stream().mapToLong(Mark::initial).toArray();
    conditional = new boolean[values.length];
    for (Program.Procedure procedure : program.procedures()) {
      for (Program.Step step : procedure.steps()) {
        if (step instanceof Program.Step.SetMark set && set.when().isPresent()) {
          conditional[first(Set.of(set.mark()))] = true;
        }
      }
    }
    counters = FIRST + values.length + program.settings().size();
  }

  /** {@return how many there are} */
  int size() {
    return values.length;
  }

  /** {@return counters of the program with room for all} */
  long[] counters() {
    return new long[counters];
  }

  /** {@return the place of the first mark among {@code names}, {@link #NONE} without one} */
  int first(Set<String> names) {
    for (int i = 0; i < values.length; i++) {
      if (names.contains(declared.get(i).name())) {
        return i;
      }
    }
    return NONE;
  }

  /** {@return the true tokens when a mark was last set} */
  long value(int mark) {
    return values[mark];
  }

  /** {@return whether rows may have come before a mark was set, which it was not yet} */
  boolean isBeforeFirst(int mark) {
    int initial = declared.get(mark).initial();
    return initial > 0 && values[mark] == initial;
  }

  /** Writes the values after the program's own counters; allocates nothing. */
  void write(long[] counters) {
    System.arraycopy(values, 0, counters, FIRST, values.length);
  }

  /** Writes the values that marks have after a run to {@code tokens} tokens and its rules. */
  void writeAfter(long[] counters, boolean generated, int tokens) {
    for (int i = 0; i < values.length; i++) {
      counters[FIRST + i] = isSet(i, generated, tokens) ? tokens : values[i];
    }
  }

  /**
   * {@return whether a run to {@code tokens} tokens, or a rule after it, sets a mark}
   *
   * @param generated whether the run is a step, whose rules set what is due, and no span of a
   *     prompt, which sets all, or all that are due or more
   */
  boolean isSet(int mark, boolean generated, int tokens) {
    long age = tokens - values[mark];
    int most = declared.get(mark).most();
    return generated ? age == most : !conditional[mark] || most <= age;
  }

  /** Sets a mark. */
  void set(int mark, long tokens) {
    values[mark] = tokens;
  }

  /** Takes over the values of another session. */
  void fork(Marks source) {
    System.arraycopy(source.values, 0, values, 0, values.length);
  }
}
