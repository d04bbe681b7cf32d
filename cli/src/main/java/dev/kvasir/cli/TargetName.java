package dev.kvasir.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Targets that the command knows, compiled for or not. */
enum TargetName {
  JVM,
  TORNADO;

  /** {@return the name in options and plans} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a target, and lists these for help and completion. */
  static final class Converter implements ITypeConverter<TargetName>, Iterable<String> {
    private static final List<String> NAMES =
        Arrays.stream(values()).map(TargetName::toString).toList();

    @Override
    public TargetName convert(String text) {
      return Arrays.stream(values())
          .filter(target -> target.toString().equals(text))
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
