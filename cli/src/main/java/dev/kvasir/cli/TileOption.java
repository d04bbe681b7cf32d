package dev.kvasir.cli;

import dev.kvasir.codegen.tile.TileSize;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A size of kernels that is given and not chosen.
 *
 * @param size which
 * @param value one that it accepts
 */
record TileOption(TileSize size, int value) {

  /** Reads {@code NAME=N}, and lists the names for help and completion. */
  static final class Converter implements ITypeConverter<TileOption>, Iterable<String> {

    @Override
    public TileOption convert(String text) {
      int separator = text.indexOf('=');
      String name = separator < 0 ? text : text.substring(0, separator);
      TileSize size = TileSize.named(name).orElseThrow(() -> unknown(name));
      if (separator < 0) {
        throw new TypeConversionException(
            "expected %s=N, with %s for N, got '%s'".formatted(name, size.range(), text));
      }
      String value = text.substring(separator + 1);
      OptionalInt number = number(value);
      if (number.isEmpty() || !size.accepts(number.getAsInt())) {
        throw new TypeConversionException(
            "%s, %s, must be %s, got '%s'".formatted(name, size.meaning(), size.range(), value));
      }
      return new TileOption(size, number.getAsInt());
    }

    private static OptionalInt number(String text) {
      try {
        return OptionalInt.of(Integer.parseInt(text));
      } catch (NumberFormatException e) {
        return OptionalInt.empty();
      }
    }

    private static TypeConversionException unknown(String name) {
      Optional<String> nearest = NearestName.of(name, TileSize.names());
      return new TypeConversionException(
          "no size is named '%s'%s; the sizes are %s"
              .formatted(
                  name,
                  nearest.map(known -> " (did you mean %s?)".formatted(known)).orElse(""),
                  Arrays.stream(TileSize.values())
                      .map(size -> "%s (%s)".formatted(size.text(), size.range()))
                      .collect(Collectors.joining(", "))));
    }

    @Override
    public Iterator<String> iterator() {
      return TileSize.names().stream().map(name -> name + "=").iterator();
    }
  }
}
