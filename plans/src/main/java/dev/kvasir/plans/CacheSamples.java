package dev.kvasir.plans;

import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Mark;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * States of a cache between two runs, at which formulas are compared: numbers of tokens around the
 * borders of pages, all of them where they are few, and with each of them some ages of the marks.
 */
final class CacheSamples {

  private static final int MOST_TOKENS = 4_096;
  private static final int MOST_TOKENS_WITH_MARKS = 512;
  private static final List<String> COUNTERS =
      List.of(CounterIndex.CONTEXT, CounterIndex.MAX_SPAN, CounterIndex.TOKENS);

  private final long context;
  private final long maxSpan;
  private final int pageRows;
  private final List<Mark> marks;

  CacheSamples(Plan plan) {
    context = plan.manifest().context();
    maxSpan = plan.manifest().span();
    pageRows = plan.manifest().pageRows();
    marks = plan.program().marks();
  }

  /** {@return the counters that formulas of the cache may use, in the order of a sample} */
  static CounterIndex counters(Program program) {
    List<String> names = new ArrayList<>(COUNTERS);
    program.marks().forEach(mark -> names.add(mark.name()));
    return CounterIndex.of(names, program.segments());
  }

  /** {@return values of all counters, by ascending number of tokens} */
  List<long[]> all() {
    List<long[]> samples = new ArrayList<>();
    for (long tokens : tokens(marks.isEmpty() ? MOST_TOKENS : MOST_TOKENS_WITH_MARKS)) {
      if (marks.isEmpty()) {
        samples.add(sample(tokens));
        continue;
      }
      // All marks of about one age, and each of them older than the others.
      for (long age : ages(tokens)) {
        samples.add(aged(tokens, age, marks));
        if (marks.size() > 1 && age > 0) {
          marks.forEach(mark -> samples.add(aged(tokens, age, List.of(mark))));
        }
      }
    }
    return samples;
  }

  /** {@return a sample for people} */
  static String text(CounterIndex counters, long[] sample) {
    List<String> values = new ArrayList<>();
    for (int i = COUNTERS.indexOf(CounterIndex.TOKENS); i < sample.length; i++) {
      values.add(counters.names().get(i) + " = " + sample[i]);
    }
    return String.join(", ", values);
  }

  private long[] sample(long tokens) {
    long[] sample = new long[COUNTERS.size() + marks.size()];
    sample[0] = context;
    sample[1] = maxSpan;
    sample[2] = tokens;
    return sample;
  }

  private long[] aged(long tokens, long age, List<Mark> old) {
    long[] sample = sample(tokens);
    for (int i = 0; i < marks.size(); i++) {
      Mark mark = marks.get(i);
      long oldest = Math.min(tokens, mark.most() - 1);
      long since = old.contains(mark) ? Math.min(age, oldest) : 0;
      sample[COUNTERS.size() + i] = Math.max(mark.initial(), tokens - since);
    }
    return sample;
  }

  private NavigableSet<Long> ages(long tokens) {
    NavigableSet<Long> ages =
        new TreeSet<>(List.of(0L, 1L, pageRows - 1L, (long) pageRows, tokens));
    ages.add(pageRows + 1L);
    for (Mark mark : marks) {
      ages.add(mark.most() / 2L);
      ages.add(mark.most() - 1L);
    }
    return ages.headSet(tokens, true);
  }

  private NavigableSet<Long> tokens(int most) {
    NavigableSet<Long> samples = new TreeSet<>(List.of(0L, 1L, context - 1, context));
    long pages = Math.ceilDiv(context, pageRows);
    long stride = Math.max(1, pages / (most / 3));
    for (long page = 0; page <= pages; page += stride) {
      samples.addAll(List.of(page * pageRows - 1, page * pageRows, page * pageRows + 1));
    }
    for (long tokens = 0; tokens <= Math.min(context, most); tokens++) {
      samples.add(tokens);
    }
    return samples.subSet(0L, true, context, true);
  }
}
