package dev.kvasir.ir.graph;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Attribute.DecimalAttribute;
import dev.kvasir.ir.graph.Attribute.IntegerAttribute;
import dev.kvasir.ir.graph.Attribute.WeightAttribute;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text that {@link GraphPrinter} writes. It knows no operation: each is made by the
 * catalog. Values that are numbered may have other numbers than the canonical ones, and the types
 * of results may be left out.
 */
public final class GraphParser {
  private final TextReader reader;
  private final OpCatalog catalog;
  private final Map<String, Value> values = new HashMap<>();

  private GraphParser(SourceText source, OpCatalog catalog) {
    this.reader = new TextReader(source);
    this.catalog = catalog;
  }

  /**
   * {@return the graph that a text describes}
   *
   * @param source text of one graph
   * @param catalog the operations it may use
   * @throws GraphTextException when it describes none
   */
  public static Graph parse(SourceText source, OpCatalog catalog) {
    return new GraphParser(source, catalog).graph();
  }

  private Graph graph() {
    reader.expect("graph");
    int start = reader.offset();
    String name = reader.word("a graph name");
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      throw reader.problem(start, "not a graph name");
    }
    GraphBuilder builder = new GraphBuilder(name);
    reader.expect("{");
    while (reader.accept("parameter")) {
      int place = reader.offset();
      String parameter = valueName();
      reader.expect(":");
      define(place, parameter, builder.parameter(parameter, new TypeReader(reader).type()));
    }
    while (!reader.peek().equals("return")) {
      node(builder);
    }
    reader.expect("return");
    List<Value> results = new ArrayList<>();
    do {
      results.add(use());
    } while (reader.accept(","));
    reader.expect("}");
    if (!reader.peek().isEmpty()) {
      throw reader.unexpected("the end");
    }
    return builder.build(results);
  }

  private void node(GraphBuilder builder) {
    int start = reader.offset();
    List<String> names = new ArrayList<>();
    do {
      names.add(valueName());
    } while (reader.accept(","));
    reader.expect("=");
    int place = reader.offset();
    String id = reader.word("an operation");
    OpDefinition definition =
        catalog.find(id).orElseThrow(() -> reader.problem(place, "no operation is named " + id));
    List<Value> operands = new ArrayList<>();
    reader.expect("(");
    if (!reader.accept(")")) {
      do {
        operands.add(use());
      } while (reader.accept(","));
      reader.expect(")");
    }
    Attributes attributes = reader.peek().equals("{") ? attributes() : Attributes.NONE;
    Op op = create(place, definition, operands, attributes);
    if (reader.peek().equals(":")) {
      checkTypes(op);
    }
    List<Value> results = reader.checked(start, () -> builder.add(names, op));
    for (int index = 0; index < names.size(); index++) {
      define(start, names.get(index), results.get(index));
    }
  }

  private Op create(
      int place, OpDefinition definition, List<Value> operands, Attributes attributes) {
    try {
      return definition.create(operands, attributes);
    } catch (IllegalArgumentException refused) {
      throw reader.problem(place, definition.id() + ": " + refused.getMessage());
    }
  }

  private void checkTypes(Op op) {
    reader.expect(":");
    int start = reader.offset();
    List<String> written = new ArrayList<>();
    do {
      written.add(
          reader.peek().equals("cache") ? reader.next() : new TypeReader(reader).type().text());
    } while (reader.accept(","));
    String computed = GraphPrinter.resultTypes(op.resultTypes());
    if (!String.join(", ", written).equals(computed)) {
      throw reader.problem(start, op.id() + " computes " + computed);
    }
  }

  private Attributes attributes() {
    Map<String, Attribute> found = new LinkedHashMap<>();
    reader.expect("{");
    do {
      int place = reader.offset();
      String name = reader.word("an attribute");
      reader.expect("=");
      if (found.put(name, attribute()) != null) {
        throw reader.problem(place, "attribute " + name + " is given twice");
      }
    } while (reader.accept(","));
    reader.expect("}");
    return new Attributes(found);
  }

  private Attribute attribute() {
    int start = reader.offset();
    if (reader.accept("@")) {
      return weight(start);
    }
    String number = reader.peek();
    if (number.matches("-?[0-9]+")) {
      return new IntegerAttribute(reader.integer());
    }
    if (Attribute.WordAttribute.isWord(number)) {
      return new Attribute.WordAttribute(reader.next());
    }
    if (!number.matches("-?[0-9]+\\.[0-9]+([eE]-?[0-9]+)?")) {
      throw reader.unexpected("a number, a word or a weight");
    }
    reader.next();
    return reader.checked(start, () -> new DecimalAttribute(Double.parseDouble(number)));
  }

  private Attribute weight(int start) {
    String name = reader.word("a weight name");
    List<Integer> shape = new ArrayList<>();
    reader.expect("[");
    do {
      shape.add(reader.integer());
    } while (reader.accept(","));
    reader.expect("]");
    return reader.checked(start, () -> new WeightAttribute(new WeightReference(name, shape)));
  }

  private String valueName() {
    reader.expect("%");
    return reader.word("a value name");
  }

  private Value use() {
    int start = reader.offset();
    String name = valueName();
    @Nullable Value value = values.get(name);
    if (value == null) {
      throw reader.problem(start, "%" + name + " is not defined before this");
    }
    return value;
  }

  private void define(int place, String name, Value value) {
    if (values.put(name, value) != null) {
      throw reader.problem(place, "%" + name + " is defined twice");
    }
  }
}
