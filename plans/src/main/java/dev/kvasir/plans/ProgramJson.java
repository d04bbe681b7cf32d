package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Setting;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import dev.kvasir.plans.program.SegmentDeclaration.Means;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code program.json}. */
final class ProgramJson {

  private ProgramJson() {}

  static byte[] write(Program program) {
    return JsonText.object(
        json -> {
          json.writeArrayFieldStart("kernels");
          for (KernelDeclaration kernel : program.kernels()) {
            writeKernel(json, kernel);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("segments");
          for (SegmentDeclaration segment : program.segments()) {
            writeSegment(json, segment);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("procedures");
          for (Procedure procedure : program.procedures()) {
            json.writeStartObject();
            json.writeStringField("name", procedure.name());
            json.writeArrayFieldStart("steps");
            for (Step step : procedure.steps()) {
              writeStep(json, step);
            }
            json.writeEndArray();
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("rules");
          for (Rule rule : program.rules()) {
            json.writeStartObject();
            json.writeStringField("when", rule.condition().text());
            json.writeStringField("call", rule.procedure());
            json.writeEndObject();
          }
          json.writeEndArray();
          if (!program.marks().isEmpty()) {
            json.writeArrayFieldStart("marks");
            for (Mark mark : program.marks()) {
              json.writeStartObject();
              json.writeStringField("name", mark.name());
              json.writeNumberField("most", mark.most());
              if (mark.initial() != 0) {
                json.writeNumberField("initial", mark.initial());
              }
              json.writeEndObject();
            }
            json.writeEndArray();
          }
          SettingJson.write(json, program.settings());
        });
  }

  static Program read(byte[] bytes, boolean newer) throws PlanException {
    JsonFields fields = JsonFields.parse(PlanFormat.PROGRAM, bytes, newer);
    List<KernelDeclaration> kernels = new ArrayList<>();
    for (JsonFields kernel : fields.objects("kernels")) {
      kernels.add(readKernel(kernel));
    }
    List<SegmentDeclaration> segments = new ArrayList<>();
    for (JsonFields segment : fields.objects("segments")) {
      segments.add(readSegment(segment));
    }
    List<Procedure> procedures = new ArrayList<>();
    for (JsonFields procedure : fields.objects("procedures")) {
      List<Step> steps = new ArrayList<>();
      for (JsonFields step : procedure.objects("steps")) {
        steps.add(readStep(step));
      }
      procedures.add(new Procedure(procedure.text("name"), steps));
      procedure.end();
    }
    List<Rule> rules = new ArrayList<>();
    for (JsonFields rule : fields.objects("rules")) {
      rules.add(new Rule(rule.expression("when"), rule.text("call")));
      rule.end();
    }
    List<Mark> marks = new ArrayList<>();
    if (fields.has("marks")) {
      for (JsonFields mark : fields.objects("marks")) {
        marks.add(
            new Mark(
                mark.text("name"),
                mark.integer("most"),
                mark.has("initial") ? mark.integer("initial") : 0));
        mark.end();
      }
    }
    List<Setting> settings = SettingJson.read(fields);
    fields.end();
    return new Program(kernels, segments, procedures, rules, marks, settings);
  }

  private static void writeKernel(JsonGenerator json, KernelDeclaration kernel) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", kernel.name());
    json.writeStringField("summary", kernel.summary());
    json.writeArrayFieldStart("arguments");
    for (KernelDeclaration.Argument argument : kernel.arguments()) {
      json.writeStartObject();
      json.writeStringField("name", argument.name());
      json.writeStringField("format", argument.format().text());
      json.writeBooleanField("written", argument.written());
      json.writeBooleanField("read", argument.read());
      json.writeEndObject();
    }
    json.writeEndArray();
    JsonText.texts(json, "dims", kernel.dims());
    json.writeNumberField("axes", kernel.axes());
    json.writeNumberField("tile_floats", kernel.tileFloats());
    json.writeNumberField("tile_ints", kernel.tileInts());
    JsonText.sizes(json, "tiles", kernel.tiles());
    json.writeObjectFieldStart("check");
    JsonText.integers(json, "grid", kernel.check().grid());
    JsonText.integers(json, "dims", kernel.check().dims());
    JsonText.integers(json, "elements", kernel.check().elements());
    json.writeEndObject();
    json.writeEndObject();
  }

  private static KernelDeclaration readKernel(JsonFields fields) throws PlanException {
    List<KernelDeclaration.Argument> arguments = new ArrayList<>();
    for (JsonFields argument : fields.objects("arguments")) {
      arguments.add(
          new KernelDeclaration.Argument(
              argument.text("name"),
              argument.format("format"),
              argument.truth("written"),
              argument.truth("read")));
      argument.end();
    }
    JsonFields check = fields.object("check");
    KernelDeclaration kernel =
        new KernelDeclaration(
            fields.text("name"),
            fields.text("summary"),
            arguments,
            fields.texts("dims"),
            fields.integer("axes"),
            fields.integer("tile_floats"),
            fields.integer("tile_ints"),
            fields.object("tiles").allIntegers(),
            new KernelDeclaration.Check(
                check.integers("grid"), check.integers("dims"), check.integers("elements")));
    check.end();
    fields.end();
    return kernel;
  }

  private static void writeSegment(JsonGenerator json, SegmentDeclaration segment)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", segment.name());
    json.writeNumberField("layer", segment.layer());
    JsonText.integers(json, "heads", segment.heads());
    json.writeStringField("format", segment.format().text());
    json.writeNumberField("key_dim", segment.keyDim());
    json.writeNumberField("value_dim", segment.valueDim());
    json.writeStringField("pool", segment.pool());
    json.writeStringField("table", segment.table());
    json.writeNumberField("table_offset", segment.tableOffset());
    json.writeNumberField("slots", segment.slots());
    json.writeStringField("rows", segment.rows().text());
    json.writeStringField("first_position", segment.firstPosition().text());
    json.writeNumberField("window", segment.window());
    if (segment.packing().isPresent()) {
      PackingJson.write(json, "packing", segment.packing().get());
    }
    if (segment.chosen().isPresent()) {
      writeChosen(json, segment.chosen().get());
    }
    if (segment.beside().isPresent()) {
      BesideJson.write(json, segment.beside().get());
    }
    if (segment.means().isPresent()) {
      json.writeObjectFieldStart("means");
      json.writeStringField("buffer", segment.means().get().buffer());
      json.writeNumberField("offset", segment.means().get().offset());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static SegmentDeclaration readSegment(JsonFields fields) throws PlanException {
    SegmentDeclaration segment =
        new SegmentDeclaration(
            fields.text("name"),
            fields.integer("layer"),
            fields.integers("heads"),
            fields.format("format"),
            fields.integer("key_dim"),
            fields.integer("value_dim"),
            fields.text("pool"),
            fields.text("table"),
            fields.integer("table_offset"),
            fields.integer("slots"),
            fields.expression("rows"),
            fields.expression("first_position"),
            fields.integer("window"),
            fields.has("packing")
                ? Optional.of(PackingJson.read(fields.object("packing")))
                : Optional.empty(),
            fields.has("chosen")
                ? Optional.of(readChosen(fields.object("chosen")))
                : Optional.empty(),
            BesideJson.read(fields),
            fields.has("means")
                ? Optional.of(readMeans(fields.object("means")))
                : Optional.empty());
    fields.end();
    return segment;
  }

  private static void writeChosen(JsonGenerator json, Chosen chosen) throws IOException {
    json.writeObjectFieldStart("chosen");
    json.writeStringField("positions", chosen.positions());
    json.writeNumberField("positions_offset", chosen.positionsOffset());
    json.writeNumberField("positions_stride", chosen.positionsStride());
    json.writeStringField("counts", chosen.counts());
    json.writeNumberField("counts_offset", chosen.countsOffset());
    json.writeNumberField("counts_stride", chosen.countsStride());
    json.writeEndObject();
  }

  private static Chosen readChosen(JsonFields fields) throws PlanException {
    Chosen chosen =
        new Chosen(
            fields.text("positions"),
            fields.integer("positions_offset"),
            fields.integer("positions_stride"),
            fields.text("counts"),
            fields.integer("counts_offset"),
            fields.integer("counts_stride"));
    fields.end();
    return chosen;
  }

  private static Means readMeans(JsonFields fields) throws PlanException {
    Means means = new Means(fields.text("buffer"), fields.integer("offset"));
    fields.end();
    return means;
  }

  private static void writeStep(JsonGenerator json, Step step) throws IOException {
    json.writeStartObject();
    switch (step) {
      case Step.Launch launch -> {
        json.writeStringField("launch", launch.kernel());
        json.writeStringField("label", launch.label());
        expressions(json, "grid", launch.grid());
        JsonText.texts(json, "buffers", launch.buffers());
        expressions(json, "dims", launch.dims());
      }
      case Step.Call call -> json.writeStringField("call", call.procedure());
      case Step.Observe observe -> {
        json.writeStringField("observe", observe.name());
        json.writeStringField("buffer", observe.buffer());
        json.writeStringField("rows", observe.rows().text());
        json.writeNumberField("heads", observe.heads());
        json.writeNumberField("columns", observe.columns());
        json.writeBooleanField("drop_columns", observe.dropColumns());
      }
      case Step.Require require -> {
        json.writeStringField("require", require.buffer());
        json.writeStringField("elements", require.elements().text());
        json.writeStringField("message", require.message());
      }
      case Step.SetMark set -> {
        json.writeStringField("mark", set.mark());
        if (set.when().isPresent()) {
          json.writeStringField("when", set.when().get().text());
        }
      }
    }
    json.writeEndObject();
  }

  private static Step readStep(JsonFields fields) throws PlanException {
    Step step;
    if (fields.has("launch")) {
      step =
          new Step.Launch(
              fields.text("launch"),
              fields.text("label"),
              fields.expressions("grid"),
              fields.texts("buffers"),
              fields.expressions("dims"));
    } else if (fields.has("call")) {
      step = new Step.Call(fields.text("call"));
    } else if (fields.has("observe")) {
      step =
          new Step.Observe(
              fields.text("observe"),
              fields.text("buffer"),
              fields.expression("rows"),
              fields.integer("heads"),
              fields.integer("columns"),
              fields.truth("drop_columns"));
    } else if (fields.has("require")) {
      step =
          new Step.Require(
              fields.text("require"), fields.expression("elements"), fields.text("message"));
    } else if (fields.has("mark")) {
      step =
          new Step.SetMark(
              fields.text("mark"),
              fields.has("when") ? Optional.of(fields.expression("when")) : Optional.empty());
    } else {
      throw fields.refused(
          "a step with \"launch\", \"call\", \"observe\", \"require\" or \"mark\"");
    }
    fields.end();
    return step;
  }

  private static void expressions(JsonGenerator json, String name, List<Expression> values)
      throws IOException {
    JsonText.texts(json, name, values.stream().map(Expression::text).toList());
  }
}
