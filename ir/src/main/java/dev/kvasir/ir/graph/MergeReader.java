package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.Merge;
import java.math.BigDecimal;

/** Reads what {@link Merge#text} writes behind the word {@code merge}. */
final class MergeReader {
  private final TextReader reader;

  MergeReader(TextReader reader) {
    this.reader = reader;
  }

  Merge merge() {
    int start = reader.offset();
    reader.expect("(");
    String side = reader.word("lower or upper");
    name("with");
    int partner = reader.integer();
    name("t");
    BigDecimal t = decimal();
    name("retain");
    BigDecimal retain = decimal();
    reader.expect("%");
    name("tail");
    int tail = reader.integer();
    reader.expect(")");
    return reader.checked(
        start, () -> new Merge(Merge.Side.ofText(side), partner, t, retain, tail));
  }

  private void name(String name) {
    reader.expect(",");
    reader.expect(name);
    reader.expect("=");
  }

  private BigDecimal decimal() {
    if (!reader.peek().matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
      throw reader.unexpected("a number");
    }
    return new BigDecimal(reader.next());
  }
}
