package dev.kvasir.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Numbers of tokens that are in the cache before something is timed.
 *
 * @param tokens each at least 1, in the order in which they were given, none twice
 */
record Depths(List<Integer> tokens) {

  /** Copies the list. */
  Depths {
    tokens = List.copyOf(tokens);
  }

  /** Reads whole numbers from 1 with commas between them. */
  static final class Converter implements ITypeConverter<Depths> {

    @Override
    public Depths convert(String text) {
      List<Integer> tokens = new ArrayList<>();
      for (String word : text.split(",", -1)) {
        int depth = depth(word.strip(), text);
        if (!tokens.contains(depth)) {
          tokens.add(depth);
        }
      }
      return new Depths(tokens);
    }

    private static int depth(String word, String text) {
      try {
        int depth = Integer.parseInt(word);
        if (depth >= 1) {
          return depth;
        }
      } catch (NumberFormatException e) {
        // The message below says what was expected.
      }
      throw new TypeConversionException(
          "expected whole numbers from 1 with commas between them, got '%s'".formatted(text));
    }
  }
}
