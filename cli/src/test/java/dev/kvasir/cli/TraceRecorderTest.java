package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import dev.kvasir.runtime.PackedRows;
import dev.kvasir.runtime.SegmentSnapshot;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TraceRecorderTest {

  private static final int HEADS = 2;
  private static final int ROWS = 70;
  private static final int CLOSED = 64;
  private static final int DIM = 16;

  @Test
  void closedPagesShowCodesStepsAndMins() throws SafetensorsException {
    TraceRecorder recorder = new TraceRecorder(plan());
    byte[] keyCodes = new byte[HEADS * CLOSED * DIM];
    keyCodes[keyCodes.length - 1] = (byte) 255;
    byte[] valueCodes = new byte[HEADS * CLOSED * DIM];
    valueCodes[1] = 15;
    float[] keySteps = new float[HEADS * 2 * DIM];
    keySteps[3] = 0.5f;
    float[] valueMins = new float[HEADS * CLOSED];
    valueMins[2] = -7;
    PackedRows packed =
        new PackedRows(
            CLOSED,
            keyCodes,
            keySteps,
            new float[keySteps.length],
            List.of(HEADS, 2, DIM),
            valueCodes,
            new float[valueMins.length],
            valueMins,
            List.of(HEADS, CLOSED, 1));
    recorder.addCache(
        List.of(
            snapshot("layer.3.sink", Optional.empty()),
            snapshot("layer.3.ring", Optional.of(packed))));

    Map<String, SafetensorsTensor> tensors =
        SafetensorsFile.of("trace", MemorySegment.ofArray(recorder.writer().toBytes())).tensors();
    assertThat(tensors.keySet()).filteredOn(name -> name.contains("cache.0")).hasSize(5);
    assertThat(tensors).hasSize(5 + 11);
    assertThat(recorder.tensors()).isEqualTo(5 + 11);
    SafetensorsTensor codes = tensor(tensors, "codes_k", SafetensorsType.U8, HEADS, CLOSED, DIM);
    assertThat(codes.integerAt(codes.elements() - 1)).isEqualTo(255);
    assertThat(tensor(tensors, "codes_v", SafetensorsType.U8, HEADS, CLOSED, DIM).integerAt(1))
        .isEqualTo(15);
    assertThat(tensor(tensors, "quant_scale_k", SafetensorsType.F32, HEADS, 2, DIM).floatAt(3))
        .isEqualTo(0.5f);
    tensor(tensors, "quant_zero_k", SafetensorsType.F32, HEADS, 2, DIM);
    tensor(tensors, "quant_scale_v", SafetensorsType.F32, HEADS, CLOSED, 1);
    assertThat(tensor(tensors, "quant_zero_v", SafetensorsType.F32, HEADS, CLOSED, 1).floatAt(2))
        .isEqualTo(-7);
  }

  @Test
  void chosenRowsAreThoseOfAllHeadsPaddedAtTheEnd() throws SafetensorsException {
    TraceRecorder recorder = new TraceRecorder(plan());
    recorder.beginStep(0);
    recorder.chosen(1, List.of(0, 1), new int[][] {{0, 2, 5}, {4}});
    recorder.beginStep(1);
    recorder.beginStep(2);
    recorder.chosen(1, List.of(1), new int[][] {{3, 7}});
    recorder.chosen(3, List.of(0), new int[][] {{8}});
    recorder.chosen(3, List.of(1), new int[][] {{9}});
    recorder.addCache(List.of());
    Map<String, SafetensorsTensor> tensors =
        SafetensorsFile.of("trace", MemorySegment.ofArray(recorder.writer().toBytes())).tensors();
    assertThat(tensors).hasSize(3);
    assertKept(tensors, "layer.1.step.0.kept", 3, 0, 2, 5, 4, -2, -2);
    assertKept(tensors, "layer.1.step.2.kept", 2, -2, -2, 3, 7);
    assertKept(tensors, "layer.3.step.2.kept", 1, 8, 9);
  }

  @Test
  void aRowThatStandsForOthersHasABias() throws SafetensorsException {
    TraceRecorder recorder = new TraceRecorder(plan());
    recorder.addCache(
        List.of(
            snapshot("layer.3.ring", Optional.empty()),
            new SegmentSnapshot(
                "layer.3.ring.mean",
                3,
                List.of(0, 1),
                1,
                new int[] {-1, -1},
                DIM,
                DIM,
                new float[HEADS * DIM],
                new float[HEADS * DIM],
                Optional.empty(),
                Optional.empty(),
                Optional.of(new float[] {4, 5}),
                256)));
    Map<String, SafetensorsTensor> tensors =
        SafetensorsFile.of("trace", MemorySegment.ofArray(recorder.writer().toBytes())).tensors();
    assertThat(tensors).hasSize(5 + 6);
    assertThat(tensor(tensors, "row_bias", SafetensorsType.F32, HEADS, 1).floatAt(1)).isEqualTo(5);
    assertThat(tensor(tensors, "position", SafetensorsType.I32, HEADS, 1).integerAt(1))
        .isEqualTo(-1);
  }

  private static void assertKept(
      Map<String, SafetensorsTensor> tensors, String name, long rows, long... positions) {
    SafetensorsTensor kept = tensors.get(name);
    if (kept == null) {
      throw new AssertionError("no tensor " + name + " in " + tensors.keySet());
    }
    assertThat(kept.shape()).containsExactly((long) HEADS, rows);
    for (int i = 0; i < positions.length; i++) {
      assertThat(kept.integerAt(i)).as("%s, %d", name, i).isEqualTo(positions[i]);
    }
  }

  private static SafetensorsTensor tensor(
      Map<String, SafetensorsTensor> tensors, String name, SafetensorsType type, long... shape) {
    SafetensorsTensor tensor = tensors.get("layer.3.cache.1." + name);
    if (tensor == null) {
      throw new AssertionError("no tensor " + name + " in " + tensors.keySet());
    }
    assertThat(tensor.type()).isEqualTo(type);
    assertThat(tensor.shape().stream().mapToLong(Long::longValue).toArray()).isEqualTo(shape);
    return tensor;
  }

  private static SegmentSnapshot snapshot(String name, Optional<PackedRows> packed) {
    float[] rows = new float[HEADS * ROWS * DIM];
    return new SegmentSnapshot(
        name,
        3,
        List.of(0, 1),
        ROWS,
        new int[HEADS * ROWS],
        DIM,
        DIM,
        rows,
        rows.clone(),
        packed,
        Optional.empty(),
        Optional.empty(),
        640);
  }

  private static Plan plan() {
    Manifest.ModelReference model =
        new Manifest.ModelReference(
            "m",
            "0".repeat(64),
            Optional.empty(),
            "m",
            4,
            2,
            2,
            DIM,
            DIM,
            8,
            0.25,
            10_000,
            "half",
            List.of());
    Manifest manifest =
        new Manifest(
            PlanFormat.MAJOR,
            PlanFormat.MINOR,
            "0",
            "jvm",
            List.of(),
            model,
            Manifest.TokenizerFacts.bytes(),
            new Manifest.PolicyRecord("p", "", "0".repeat(64), "{}"),
            128,
            64,
            64,
            new TreeMap<>());
    Expression none = Expression.constant(0);
    return new Plan(
        manifest,
        new Program(List.of(), List.of(), List.of(), List.of(), List.of()),
        new MemoryPlan(List.of(), none, none),
        Map.of(PlanFormat.WEIGHTS, new SafetensorsWriter().toBytes()));
  }
}
