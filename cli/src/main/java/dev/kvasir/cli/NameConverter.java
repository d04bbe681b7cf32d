package dev.kvasir.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads the name of a constant, which is its text, and lists these for help and completion.
 *
 * @param <E> the constants
 */
abstract class NameConverter<E extends Enum<E>> implements ITypeConverter<E>, Iterable<String> {

  private final E[] constants;
  private final List<String> names;

  NameConverter(E[] constants) {
    this.constants = constants.clone();
    this.names = Arrays.stream(constants).map(E::toString).toList();
  }

  @Override
  public E convert(String text) {
    return Arrays.stream(constants)
        .filter(constant -> constant.toString().equals(text))
        .findAny()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "expected one of %s, got '%s'".formatted(String.join(", ", names), text)));
  }

  @Override
  public Iterator<String> iterator() {
    return names.iterator();
  }
}
