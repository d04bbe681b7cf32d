package dev.kvasir.ir.type;

/**
 * How the closed pages of a segment are coded. The open page stays in the segment's own element
 * format, its tail format; every row is rounded to that format before it is coded.
 *
 * <p>Text: {@code packed key int8(per = channel, group = 64) value int4(per = token, group = 32)}.
 *
 * @param key how keys are coded
 * @param value how values are coded, per token
 */
public record Packing(QuantisedFormat key, QuantisedFormat value) {
  /** Refuses values per channel. */
  public Packing {
    if (value.per() != QuantisedFormat.Per.TOKEN) {
      throw new IllegalArgumentException(
          "values are quantised per token: the weight of a row takes up its step before rows are"
              + " summed");
    }
  }

  /** {@return the canonical text} */
  public String text() {
    return "packed key " + key.text() + " value " + value.text();
  }
}
