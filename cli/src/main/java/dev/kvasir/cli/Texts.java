package dev.kvasir.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Numbers and lists as people read them, the same in every locale. */
final class Texts {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final int LINE = 100;

  private Texts() {}

  /** {@return a number of bytes with three digits, for example {@code 1.25 MiB}} */
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : threeDigits(value) + " " + UNITS[unit];
  }

  /** {@return a time with three digits, for example {@code 3.21 ms} or {@code 1.84 s}} */
  static String time(Duration time) {
    double milliseconds = time.toNanos() / 1e6;
    return milliseconds < 1000
        ? threeDigits(milliseconds) + " ms"
        : threeDigits(milliseconds / 1000) + " s";
  }

  /** {@return a rate, for example {@code 812 tokens/s}} */
  static String tokensPerSecond(double rate) {
    return threeDigits(rate) + " tokens/s";
  }

  /** {@return bytes a second, decimal as bandwidth is, for example {@code 15.9 GB/s}} */
  static String bandwidth(double bytesPerSecond) {
    double mega = bytesPerSecond / 1e6;
    return mega < 1000 ? threeDigits(mega) + " MB/s" : threeDigits(mega / 1000) + " GB/s";
  }

  /** {@return how many times {@code before} is {@code after}, for example {@code 2.4x}} */
  static String ratio(long before, long after) {
    return after == 0 ? "-" : format("%.1fx", (double) before / after);
  }

  /** {@return a share of a whole, for example {@code 30.5 %}; {@code -} of nothing} */
  static String percent(long part, long whole) {
    return percent((double) part, (double) whole);
  }

  /** {@return a share of a whole, for example {@code 30.5 %}; {@code -} of nothing} */
  static String percent(double part, double whole) {
    return whole == 0 ? "-" : format("%.1f %%", 100 * part / whole);
  }

  /** {@return ascending numbers in the way of policies, for example {@code 0, 2..5}} */
  static String ranges(List<Integer> numbers) {
    List<String> ranges = new ArrayList<>();
    for (int first = 0, next; first < numbers.size(); first = next) {
      next = first + 1;
      while (next < numbers.size() && numbers.get(next) == numbers.get(next - 1) + 1) {
        next++;
      }
      int start = numbers.get(first);
      int end = numbers.get(next - 1);
      ranges.add(
          start == end ? Integer.toString(start) : start + (end == start + 1 ? ", " : "..") + end);
    }
    return String.join(", ", ranges);
  }

  /** {@return named numbers, for example {@code prefill-tokens 16, rows-per-split 1024}} */
  static String sizes(Map<String, Integer> sizes) {
    return sizes.entrySet().stream()
        .map(size -> size.getKey() + " " + size.getValue())
        .collect(Collectors.joining(", "));
  }

  /** {@return a count with its noun, for example {@code 1,024 tokens}} */
  static String count(long count, String singular) {
    return format("%,d %s%s", count, singular, count == 1 ? "" : "s");
  }

  /** {@return {@code String.format} in the root locale} */
  static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  /** {@return the items joined by {@code separator}, broken into lines of {@code indent} less} */
  static List<String> wrap(List<String> items, String separator, int indent) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < items.size(); i++) {
      String item = items.get(i) + (i + 1 < items.size() ? separator : "");
      if (!line.isEmpty() && line.length() + item.stripTrailing().length() > LINE - indent) {
        lines.add(line.toString().stripTrailing());
        line.setLength(0);
      }
      line.append(item);
    }
    lines.add(line.toString());
    return lines;
  }

  /** {@return the length of the longest cell of each column of rows of equal length} */
  static int[] widths(List<List<String>> rows) {
    int[] widths = new int[rows.isEmpty() ? 0 : rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    return widths;
  }

  /**
   * {@return rows as lines, each column as wide as its widest cell}
   *
   * @param rows of equal length
   */
  static List<String> table(List<List<String>> rows) {
    return table(rows, Set.of());
  }

  /**
   * {@return rows as lines, each column as wide as its widest cell}
   *
   * @param rows of equal length
   * @param numbers columns that are aligned to the right, from 0
   */
  static List<String> table(List<List<String>> rows, Set<Integer> numbers) {
    int[] widths = widths(rows);
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        int padding = widths[i] - row.get(i).length();
        boolean right = numbers.contains(i);
        line.repeat(' ', right ? padding : 0).append(row.get(i));
        line.repeat(' ', (right ? 0 : padding) + 2);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static String threeDigits(double value) {
    if (value >= 100) {
      return format("%,.0f", value);
    }
    return value >= 10 ? format("%.1f", value) : format("%.2f", value);
  }
}
