package dev.kvasir.cli;

import java.math.BigDecimal;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a share from 0% to 100%, the sign written or not. */
final class PercentConverter implements ITypeConverter<BigDecimal> {

  @Override
  public BigDecimal convert(String text) {
    if (text.matches("[0-9]{1,3}(\\.[0-9]{1,6})?%?")) {
      BigDecimal percent = new BigDecimal(text.replace("%", ""));
      if (percent.compareTo(BigDecimal.valueOf(100)) <= 0) {
        return percent;
      }
    }
    throw new TypeConversionException(
        "expected a share from 0%% to 100%%, got '%s'".formatted(text));
  }
}
