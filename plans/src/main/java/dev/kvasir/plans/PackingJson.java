package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.PackedFormat.Per;
import dev.kvasir.plans.program.Packing;
import java.io.IOException;

/** The field {@code packing} of a segment in {@code program.json}. */
final class PackingJson {

  private PackingJson() {}

  static void write(JsonGenerator json, String name, Packing packing) throws IOException {
    json.writeObjectFieldStart(name);
    writeFormat(json, "key", packing.key());
    writeFormat(json, "value", packing.value());
    json.writeStringField("key_pool", packing.keyPool());
    json.writeStringField("value_pool", packing.valuePool());
    json.writeStringField("scale_pool", packing.scalePool());
    json.writeEndObject();
  }

  static Packing read(JsonFields fields) throws PlanException {
    Packing packing =
        new Packing(
            readFormat(fields.object("key")),
            readFormat(fields.object("value")),
            fields.text("key_pool"),
            fields.text("value_pool"),
            fields.text("scale_pool"));
    fields.end();
    return packing;
  }

  private static void writeFormat(JsonGenerator json, String name, PackedFormat format)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeStringField("codes", format.codes().text());
    json.writeStringField("per", format.per().text());
    json.writeNumberField("group", format.group());
    json.writeEndObject();
  }

  private static PackedFormat readFormat(JsonFields fields) throws PlanException {
    PackedFormat format =
        new PackedFormat(
            fields.format("codes"), per(fields, fields.text("per")), fields.integer("group"));
    fields.end();
    return format;
  }

  private static Per per(JsonFields fields, String text) throws PlanException {
    for (Per per : Per.values()) {
      if (per.text().equals(text)) {
        return per;
      }
    }
    throw fields.refused("groups per \"channel\" or per \"token\"");
  }
}
