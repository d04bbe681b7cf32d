package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads and writes the settings of a program. */
final class SettingJson {

  private static final String SETTINGS = "settings";

  private SettingJson() {}

  /** Adds nothing where there are none. */
  static void write(JsonGenerator json, List<Setting> settings) throws IOException {
    if (settings.isEmpty()) {
      return;
    }
    json.writeArrayFieldStart(SETTINGS);
    for (Setting setting : settings) {
      PromptRule rule = setting.rule();
      json.writeStartObject();
      json.writeStringField("name", setting.name());
      json.writeArrayFieldStart("values");
      for (String value : setting.values()) {
        json.writeString(value);
      }
      json.writeEndArray();
      json.writeObjectFieldStart("prompt");
      json.writeArrayFieldStart("tokens");
      for (int token : rule.tokens()) {
        json.writeNumber(token);
      }
      json.writeEndArray();
      json.writeNumberField("reach", rule.reach());
      json.writeNumberField("found", rule.found());
      json.writeNumberField("otherwise", rule.otherwise());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static List<Setting> read(JsonFields program) throws PlanException {
    List<Setting> settings = new ArrayList<>();
    if (!program.has(SETTINGS)) {
      return settings;
    }
    for (JsonFields fields : program.objects(SETTINGS)) {
      JsonFields rule = fields.object("prompt");
      settings.add(
          new Setting(
              fields.text("name"),
              fields.texts("values"),
              new PromptRule(
                  rule.integers("tokens"),
                  rule.integer("reach"),
                  rule.integer("found"),
                  rule.integer("otherwise"))));
      rule.end();
      fields.end();
    }
    return settings;
  }
}
