package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Compiler;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a pass, and lists these for help and completion. */
final class PassName implements ITypeConverter<String>, Iterable<String> {

  @Override
  public String convert(String text) {
    List<String> names = Compiler.passNames();
    if (!names.contains(text)) {
      throw new TypeConversionException(
          "no pass is named '%s'%s; the passes are %s"
              .formatted(
                  text,
                  NearestName.of(text, names)
                      .map(name -> " (did you mean %s?)".formatted(name))
                      .orElse(""),
                  String.join(", ", names)));
    }
    return text;
  }

  @Override
  public Iterator<String> iterator() {
    return Compiler.passNames().iterator();
  }
}
