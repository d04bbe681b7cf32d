package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.MemoryPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code memory.json}. */
final class MemoryJson {

  private MemoryJson() {}

  static byte[] write(MemoryPlan memory) {
    return JsonText.object(
        json -> {
          json.writeArrayFieldStart("buffers");
          for (BufferDeclaration buffer : memory.buffers()) {
            writeBuffer(json, buffer);
          }
          json.writeEndArray();
          json.writeStringField("kv_bytes", memory.kvBytes().text());
          json.writeStringField("scratch_bytes", memory.scratchBytes().text());
        });
  }

  static MemoryPlan read(byte[] bytes, boolean newer) throws PlanException {
    JsonFields fields = JsonFields.parse(PlanFormat.MEMORY, bytes, newer);
    List<BufferDeclaration> buffers = new ArrayList<>();
    for (JsonFields buffer : fields.objects("buffers")) {
      buffers.add(readBuffer(buffer));
    }
    MemoryPlan memory =
        new MemoryPlan(buffers, fields.expression("kv_bytes"), fields.expression("scratch_bytes"));
    fields.end();
    return memory;
  }

  private static void writeBuffer(JsonGenerator json, BufferDeclaration buffer) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", buffer.name());
    json.writeStringField("kind", kindText(buffer.kind()));
    json.writeStringField("format", buffer.format().text());
    json.writeStringField("elements", buffer.elements().text());
    json.writeNumberField("first_use", buffer.firstUse());
    json.writeNumberField("last_use", buffer.lastUse());
    json.writeNumberField("offset", buffer.offset());
    json.writeStringField("tensor", buffer.tensor());
    json.writeEndObject();
  }

  private static BufferDeclaration readBuffer(JsonFields fields) throws PlanException {
    BufferDeclaration buffer =
        new BufferDeclaration(
            fields.text("name"),
            kind(fields, fields.text("kind")),
            fields.format("format"),
            fields.expression("elements"),
            fields.integer("first_use"),
            fields.integer("last_use"),
            fields.longInteger("offset"),
            fields.text("tensor"));
    fields.end();
    return buffer;
  }

  private static String kindText(BufferDeclaration.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static BufferDeclaration.Kind kind(JsonFields fields, String text) throws PlanException {
    for (BufferDeclaration.Kind kind : BufferDeclaration.Kind.values()) {
      if (kindText(kind).equals(text)) {
        return kind;
      }
    }
    throw fields.refused("a kind of buffer");
  }
}
