package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.program.Beside;
import java.io.IOException;
import java.util.Optional;

/** The fields {@code norms} and {@code positions} of a segment in {@code program.json}. */
final class BesideJson {

  private static final String NORMS = "norms";
  private static final String POSITIONS = "positions";

  private BesideJson() {}

  static void write(JsonGenerator json, Beside beside) throws IOException {
    switch (beside) {
      case Beside.Norms norms -> {
        json.writeObjectFieldStart(NORMS);
        json.writeStringField("pool", norms.pool());
        json.writeNumberField("table_offset", norms.tableOffset());
        json.writeNumberField("key_norms", norms.keyNorms());
        json.writeNumberField("value_norms", norms.valueNorms());
        if (norms.shares().isPresent()) {
          json.writeStringField("shares", norms.shares().get());
        }
        json.writeEndObject();
      }
      case Beside.Positions positions -> {
        json.writeObjectFieldStart(POSITIONS);
        json.writeStringField("pool", positions.pool());
        json.writeNumberField("table_offset", positions.tableOffset());
        if (positions.counts().isPresent()) {
          Beside.Counts counts = positions.counts().get();
          json.writeStringField("counts", counts.buffer());
          json.writeNumberField("counts_offset", counts.offset());
          json.writeNumberField("counts_stride", counts.stride());
        }
        json.writeEndObject();
      }
    }
  }

  /** {@return what a segment's object says lies beside it} */
  static Optional<Beside> read(JsonFields segment) throws PlanException {
    if (segment.has(NORMS)) {
      JsonFields fields = segment.object(NORMS);
      Beside.Norms norms =
          new Beside.Norms(
              fields.text("pool"),
              fields.integer("table_offset"),
              fields.integer("key_norms"),
              fields.integer("value_norms"),
              fields.has("shares") ? Optional.of(fields.text("shares")) : Optional.empty());
      fields.end();
      return Optional.of(norms);
    }
    if (segment.has(POSITIONS)) {
      JsonFields fields = segment.object(POSITIONS);
      Beside.Positions positions =
          new Beside.Positions(
              fields.text("pool"), fields.integer("table_offset"), readCounts(fields));
      fields.end();
      return Optional.of(positions);
    }
    return Optional.empty();
  }

  private static Optional<Beside.Counts> readCounts(JsonFields fields) throws PlanException {
    return fields.has("counts")
        ? Optional.of(
            new Beside.Counts(
                fields.text("counts"),
                fields.integer("counts_offset"),
                fields.integer("counts_stride")))
        : Optional.empty();
  }
}
