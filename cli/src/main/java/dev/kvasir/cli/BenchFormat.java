package dev.kvasir.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How {@code bench} writes its result. */
enum BenchFormat {
  MD,
  CSV,
  JSON;

  /** {@return the name on the command line} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a format, and lists these for help and completion. */
  static final class Converter implements ITypeConverter<BenchFormat>, Iterable<String> {
    private static final List<String> NAMES =
        Arrays.stream(values()).map(BenchFormat::toString).toList();

    @Override
    public BenchFormat convert(String text) {
      return Arrays.stream(values())
          .filter(format -> format.toString().equals(text))
          .findAny()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "expected one of %s, got '%s'".formatted(String.join(", ", NAMES), text)));
    }

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }
  }
}
