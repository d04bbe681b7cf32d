package dev.kvasir.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads token ids with commas between them. */
final class TokenIds implements ITypeConverter<int[]> {

  @Override
  public int[] convert(String text) {
    String[] words = text.split(",", -1);
    int[] ids = new int[words.length];
    try {
      for (int i = 0; i < ids.length; i++) {
        ids[i] = Integer.parseInt(words[i].strip());
        if (ids[i] < 0) {
          throw mistake(text);
        }
      }
      return ids;
    } catch (NumberFormatException e) {
      throw mistake(text);
    }
  }

  private static TypeConversionException mistake(String text) {
    return new TypeConversionException(
        "expected token ids from 0 with commas between them, got '%s'".formatted(text));
  }
}
