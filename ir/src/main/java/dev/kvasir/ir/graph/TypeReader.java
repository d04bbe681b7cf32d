package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads types in the form that {@link Type#text} writes. */
final class TypeReader {
  private final TextReader reader;

  TypeReader(TextReader reader) {
    this.reader = reader;
  }

  Type type() {
    return reader.peek().equals("cache") ? cache() : tensor();
  }

  private TensorType tensor() {
    int start = reader.offset();
    String element = reader.word("a type");
    ElementFormat format = reader.checked(start, () -> ElementFormat.ofText(element));
    List<Dim> dims = new ArrayList<>();
    reader.expect("[");
    do {
      int place = reader.offset();
      String extent = reader.word("an extent");
      dims.add(
          reader.checked(
              place,
              () ->
                  extent.matches("[0-9]{1,9}")
                      ? Dim.of(Integer.parseInt(extent))
                      : new Dim.Symbolic(extent)));
    } while (reader.accept(","));
    reader.expect("]");
    return reader.checked(start, () -> new TensorType(format, dims));
  }

  private CacheType cache() {
    int start = reader.offset();
    reader.expect("cache");
    reader.expect("<");
    int layer = named("layer");
    reader.expect(",");
    int heads = named("heads");
    reader.expect(",");
    int key = named("key");
    reader.expect(",");
    int value = named("value");
    List<HeadGroup> groups = new ArrayList<>();
    while (reader.accept(";")) {
      groups.add(group());
    }
    reader.expect(">");
    return reader.checked(start, () -> new CacheType(layer, heads, key, value, groups));
  }

  private HeadGroup group() {
    int start = reader.offset();
    List<Integer> heads = new ArrayList<>();
    reader.expect("[");
    do {
      heads.add(reader.integer());
    } while (reader.accept(","));
    reader.expect("]");
    reader.expect(":");
    List<CacheSegment> segments = new ArrayList<>();
    boolean compensated;
    do {
      compensated = !segments.isEmpty() && reader.accept(HeadGroup.COMPENSATION);
      if (!compensated) {
        segments.add(segment());
      }
    } while (!compensated && reader.accept("+"));
    boolean row = compensated;
    return reader.checked(start, () -> new HeadGroup(heads, segments, row));
  }

  private CacheSegment segment() {
    int start = reader.offset();
    String first = reader.word("a segment");
    String kindText = reader.accept("=") ? reader.word("a kind of segment") : first;
    String formatText = reader.word("an element format");
    int rows = reader.accept("rows") ? reader.integer() : 0;
    OptionalInt window =
        reader.accept("window") ? OptionalInt.of(reader.integer()) : OptionalInt.empty();
    Optional<RowBudget> budget =
        reader.accept("budget")
            ? Optional.of(new RowBudgetReader(reader).budget())
            : Optional.empty();
    Optional<Merge> merge =
        reader.accept("merge") ? Optional.of(new MergeReader(reader).merge()) : Optional.empty();
    Optional<Packing> packing = reader.accept("packed") ? Optional.of(packing()) : Optional.empty();
    return reader.checked(
        start,
        () ->
            new CacheSegment(
                first,
                kind(kindText),
                ElementFormat.ofText(formatText),
                rows,
                window,
                budget,
                merge,
                packing));
  }

  private Packing packing() {
    int start = reader.offset();
    reader.expect("key");
    QuantisedFormat key = quantised();
    reader.expect("value");
    QuantisedFormat value = quantised();
    return reader.checked(start, () -> new Packing(key, value));
  }

  private QuantisedFormat quantised() {
    int start = reader.offset();
    String word = reader.word("a quantised format");
    reader.expect("(");
    reader.expect("per");
    reader.expect("=");
    String per = reader.word("channel or token");
    reader.expect(",");
    reader.expect("group");
    reader.expect("=");
    int group = reader.integer();
    reader.expect(")");
    return reader.checked(
        start,
        () ->
            new QuantisedFormat(
                QuantisedFormat.bitsOf(word), QuantisedFormat.Per.ofText(per), group));
  }

  private static CacheSegment.Kind kind(String text) {
    for (CacheSegment.Kind kind : CacheSegment.Kind.values()) {
      if (kind.text().equals(text)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "a segment is dense, sink, ring, kept, slots, tail, shared or retained, got "
            + text.toLowerCase(Locale.ROOT));
  }

  private int named(String name) {
    reader.expect(name);
    return reader.integer();
  }
}
