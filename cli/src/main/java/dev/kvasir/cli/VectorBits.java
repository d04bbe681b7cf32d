package dev.kvasir.cli;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a vector width that plans hold kernels for, and lists these for help and completion. */
final class VectorBits implements ITypeConverter<Integer>, Iterable<String> {
  private static final List<String> VALUES =
      JvmKernelAbi.VECTOR_BITS.stream().map(String::valueOf).toList();

  @Override
  public Integer convert(String text) {
    if (!VALUES.contains(text)) {
      throw new TypeConversionException(
          "expected one of %s, got '%s'".formatted(String.join(", ", VALUES), text));
    }
    return Integer.valueOf(text);
  }

  @Override
  public Iterator<String> iterator() {
    return VALUES.iterator();
  }
}
