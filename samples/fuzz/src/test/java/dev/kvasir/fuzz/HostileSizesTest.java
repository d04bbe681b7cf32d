package dev.kvasir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Plans that are made to take long or much memory: what random mutations hardly find. Each is read
 * within a second of processor time and a heap of 256 MiB.
 */
class HostileSizesTest {

  private static final int MANY = 19_000;

  /** What a plan has too much of. */
  enum Excess {
    /** Scratch buffers in turns on the same bytes, which must not be compared pair by pair. */
    SHARED_SCRATCH(HostileSizesTest::sharedScratch),
    /** Procedures that double at every level of calls, called by many. */
    CALLS(HostileSizesTest::calls),
    /** Expressions whose range is exact only at single points. */
    SLOW_EXPRESSIONS(HostileSizesTest::slowExpressions),
    /** Expressions that overflow wherever one looks. */
    OVERFLOWS(plans -> grids(plans, "(span) - (span) + (9223372036854775807) <= (65536)")),
    /** Segments with long formulas. */
    SEGMENTS(HostileSizesTest::segments),
    /** A segment whose part of the page table begins near the largest integer. */
    FAR_TABLE(HostileSizesTest::farTable),
    /** JSON that takes far more of the heap than of the file. */
    EMPTY_LISTS(plans -> manifest(plans, "[]")),
    /** As before, of objects. */
    EMPTY_OBJECTS(plans -> manifest(plans, "{}")),
    /** As before, of texts. */
    SHORT_TEXTS(plans -> manifest(plans, "\"a\"")),
    /** Tensors without elements. */
    TENSORS(HostileSizesTest::tensors);

    private final Function<GoldenPlans, byte[]> plan;

    Excess(Function<GoldenPlans, byte[]> plan) {
      this.plan = plan;
    }
  }

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(Excess.class)
  void isReadOrRefusedInTime(Excess excess) throws IOException {
    try (FuzzRun run = new FuzzRun(0, folder, folder)) {
      byte[] plan = excess.plan.apply(run.plans());
      for (PlanArchive sound : run.plans().all()) {
        run.accepts(sound);
      }
      run.run(new Mutant.PlanFile(0, MutationKind.PROGRAM, plan, Optional.empty(), false));
      assertThat(run.problems()).isEmpty();
    }
  }

  private static ArrayNode list(JsonNode parent, String field) {
    return (ArrayNode) parent.path(field);
  }

  private static byte[] with(PlanArchive archive, String entry, JsonNode content) {
    return archive.with(entry, Json.write(content)).toBytes();
  }

  private static byte[] sharedScratch(GoldenPlans plans) {
    JsonNode memory = Json.read(plans.small().content(PlanArchive.MEMORY));
    for (int i = 0; i < MANY; i++) {
      list(memory, "buffers")
          .addObject()
          .put("name", "b" + i)
          .put("kind", "scratch")
          .put("format", "f32")
          .put("elements", "16")
          .put("first_use", 20 + i)
          .put("last_use", 20 + i)
          .put("offset", 0)
          .put("tensor", "");
    }
    return with(plans.small(), PlanArchive.MEMORY, memory);
  }

  private static byte[] calls(GoldenPlans plans) {
    JsonNode program = Json.read(plans.small().content(PlanArchive.PROGRAM));
    ArrayNode procedures = list(program, "procedures");
    procedures.addObject().put("name", "level_0").putArray("steps");
    for (int i = 1; i <= 14; i++) {
      ArrayNode steps = procedures.addObject().put("name", "level_" + i).putArray("steps");
      steps.addObject().put("call", "level_" + (i - 1));
      steps.addObject().put("call", "level_" + (i - 1));
    }
    for (int i = 0; i < MANY; i++) {
      ArrayNode steps = procedures.addObject().put("name", "caller_" + i).putArray("steps");
      steps.addObject().put("call", "level_14");
    }
    return with(plans.small(), PlanArchive.PROGRAM, program);
  }

  private static byte[] slowExpressions(GoldenPlans plans) {
    String counter = "(position * 3 + span)";
    String zero = "%s - floordiv(%s, 7) * 7 - mod(%s, 7)".formatted(counter, counter, counter);
    String slow = "1 + " + zero + (" + (" + zero + ") * 0").repeat(40);
    return grids(plans, slow);
  }

  private static byte[] grids(GoldenPlans plans, String extent) {
    JsonNode program = Json.read(plans.longContext().content(PlanArchive.PROGRAM));
    for (JsonNode procedure : program.path("procedures")) {
      for (JsonNode step : procedure.path("steps")) {
        if (step.has("grid")) {
          list(step, "grid").set(0, extent);
        }
      }
    }
    return with(plans.longContext(), PlanArchive.PROGRAM, program);
  }

  private static byte[] segments(GoldenPlans plans) {
    PlanArchive archive = plans.longContext();
    JsonNode program = Json.read(archive.content(PlanArchive.PROGRAM));
    JsonNode first = list(program, "segments").get(0).deepCopy();
    String zeros = " + 0 * tokens".repeat(300);
    list(program, "segments").removeAll();
    for (int i = 0; i < 1_000; i++) {
      ObjectNode segment = first.deepCopy();
      segment.put("name", "segment." + i);
      segment.put("rows", "tokens + %d - %d".formatted(i, i) + zeros);
      segment.put("table_offset", i * first.path("slots").asInt());
      list(program, "segments").add(segment);
    }
    return with(
        archive.with(PlanArchive.MEMORY, Json.write(largeTables(archive))),
        PlanArchive.PROGRAM,
        program);
  }

  private static byte[] farTable(GoldenPlans plans) {
    PlanArchive archive = plans.small();
    JsonNode program = Json.read(archive.content(PlanArchive.PROGRAM));
    int offset = Integer.MAX_VALUE - 100;
    for (JsonNode segment : program.path("segments")) {
      ((ObjectNode) segment).put("table_offset", offset);
      offset += segment.path("slots").asInt();
    }
    return with(
        archive.with(PlanArchive.MEMORY, Json.write(largeTables(archive))),
        PlanArchive.PROGRAM,
        program);
  }

  private static JsonNode largeTables(PlanArchive archive) {
    JsonNode memory = Json.read(archive.content(PlanArchive.MEMORY));
    for (JsonNode buffer : memory.path("buffers")) {
      String kind = buffer.path("kind").asText();
      if (kind.equals("table") || kind.equals("pool")) {
        ((ObjectNode) buffer).put("elements", Integer.toString(Integer.MAX_VALUE));
      }
    }
    return memory;
  }

  private static byte[] manifest(GoldenPlans plans, String element) {
    int copies = (15 << 20) / (element.length() + 1);
    String json = "{\"features\":[" + (element + ",").repeat(copies) + "0]}";
    return ZipWriter.write(plans.small().withManifestBytes(json.getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] tensors(GoldenPlans plans) {
    StringBuilder header = new StringBuilder("{");
    String entry = "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
    for (int i = 0; header.length() < 16_000_000; i++) {
      header.append(i == 0 ? "\"" : ",\"").append(i).append(entry);
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(Long.BYTES + json.length);
    file.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json);
    return plans.small().with(PlanArchive.CHECKS, file.array()).toBytes();
  }
}
