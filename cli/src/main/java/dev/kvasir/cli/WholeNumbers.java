package dev.kvasir.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Whole numbers that an option takes with commas between them.
 *
 * @param numbers ascending, none twice
 */
record WholeNumbers(List<Integer> numbers) {

  /** Copies the list. */
  WholeNumbers {
    numbers = List.copyOf(numbers);
  }

  private static WholeNumbers read(String text, int least, int most) {
    List<Integer> numbers = new ArrayList<>();
    for (String word : text.split(",", -1)) {
      int number = number(word.strip(), text, least, most);
      if (!numbers.contains(number)) {
        numbers.add(number);
      }
    }
    Collections.sort(numbers);
    return new WholeNumbers(numbers);
  }

  private static int number(String word, String text, int least, int most) {
    try {
      int number = Integer.parseInt(word);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // The message below says what was expected.
    }
    throw new TypeConversionException(
        "expected whole numbers from %d to %d with commas between them, got '%s'"
            .formatted(least, most, text));
  }

  /** Reads numbers of tokens. */
  static final class Lengths implements ITypeConverter<WholeNumbers> {
    @Override
    public WholeNumbers convert(String text) {
      return read(text, 1, Integer.MAX_VALUE);
    }
  }

  /** Reads percentages. */
  static final class Percentages implements ITypeConverter<WholeNumbers> {
    @Override
    public WholeNumbers convert(String text) {
      return read(text, 0, 100);
    }
  }
}
