package dev.kvasir.cli;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import dev.kvasir.runtime.PackedRows;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.TraceObserver;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Collects what a session shows, under the names of a trace file.
 *
 * <p>Values are f32, byte counts included (pages are multiples of 64 bytes, so f32 holds the bytes
 * of a segment exactly up to 1 GiB); positions, tokens and head numbers are i32, codes u8.
 *
 * <p>Of a segment with closed pages, codes, steps ({@code quant_scale}) and mins ({@code
 * quant_zero}) are those of the first rows in {@code position}, as many as the codes have: [heads,
 * rows, dim] for codes; for steps and mins [heads, rows / group, dim] per channel and [heads, rows,
 * dim / group] per token. An element is scale * code + zero.
 *
 * <p>Of rows that two layers share, each has the directions with norms of its own, {@code scale_k}
 * and {@code scale_v}, both -1 where a row is hidden, which has position -2.
 *
 * <p>The means of rows that a segment has dropped are a segment after it, of one row at position -1
 * once there are such rows, and with a {@code row_bias}.
 */
final class TraceRecorder implements TraceObserver {
  private static final Pattern LAYER_VALUE = Pattern.compile("layer\\.(\\d+)\\.(.+)");

  private final SafetensorsWriter writer = new SafetensorsWriter();
  private final Set<Integer> layersOfStep = new HashSet<>();
  private final Map<Integer, Map<Integer, int[]>> chosen = new TreeMap<>();
  private final int kvHeads;
  private int step;
  private int steps;
  private int prefillSteps;
  private int tensors;

  TraceRecorder(Plan plan) {
    TracedConvolutions.of(plan, this::addFloats);
    Manifest manifest = plan.manifest();
    Manifest.ModelReference model = manifest.model();
    kvHeads = model.kvHeads();
    writer
        .metadata("plan_hash", plan.sha256())
        .metadata("softmax_scale", Double.toString(model.softmaxScale()))
        .metadata("rope_theta", Double.toString(model.ropeTheta()))
        .metadata("rope_style", model.ropeStyle())
        .metadata("rope_scaling", model.ropeScaling().orElse("none"))
        .metadata("policy", manifest.policy().resolvedJson());
  }

  /** Says that what follows belongs to step {@code number}, counted from 0. */
  void beginStep(int number) {
    addChosen();
    step = number;
    steps = number + 1;
    layersOfStep.clear();
  }

  /** Says how long the prompt was, how many steps it took and what it set. */
  void prompt(int tokens, int spans, Map<String, String> settings) {
    prefillSteps = spans;
    writer
        .metadata("prompt_tokens", Integer.toString(tokens))
        .metadata("prefill_steps", Integer.toString(spans));
    settings.forEach((name, word) -> writer.metadata("setting." + name, word));
  }

  @Override
  public void observe(String name, int position, List<Integer> shape, float[] values) {
    Matcher matcher = LAYER_VALUE.matcher(name);
    if (!matcher.matches()) {
      return;
    }
    int layer = Integer.parseInt(matcher.group(1));
    String prefix = "layer.%d.step.%d.".formatted(layer, step);
    addFloats(prefix + matcher.group(2), values, extents(shape));
    if (layersOfStep.add(layer)) {
      int rows = shape.get(1);
      int[] positions = new int[rows];
      for (int row = 0; row < rows; row++) {
        positions[row] = position + row;
      }
      addInts(prefix + "position", positions, rows);
    }
  }

  @Override
  public void chosen(int layer, List<Integer> heads, int[][] positions) {
    Map<Integer, int[]> rows = chosen.computeIfAbsent(layer, unused -> new TreeMap<>());
    for (int i = 0; i < positions.length; i++) {
      rows.put(heads.get(i), positions[i]);
    }
  }

  /**
   * Adds which rows were chosen in this step, of all KV heads: those of a head from which none were
   * chosen, and the rows after a head's last, are -2.
   */
  private void addChosen() {
    chosen.forEach(
        (layer, rows) -> {
          int most = rows.values().stream().mapToInt(list -> list.length).max().orElse(0);
          int[] all = new int[kvHeads * most];
          Arrays.fill(all, SegmentSnapshot.EMPTY);
          rows.forEach((head, list) -> System.arraycopy(list, 0, all, head * most, list.length));
          addInts("layer.%d.step.%d.kept".formatted(layer, step), all, kvHeads, most);
        });
    chosen.clear();
  }

  /** Adds the tokens of the prompt and those that were generated. */
  void addTokens(int[] tokens) {
    addInts("tokens", tokens, tokens.length);
  }

  /** Adds what the cache holds; segments are numbered within their layer, in their order. */
  void addCache(List<SegmentSnapshot> segments) {
    addChosen();
    Map<Integer, Integer> numbers = new HashMap<>();
    for (SegmentSnapshot segment : segments) {
      int number = numbers.merge(segment.layer(), 1, Integer::sum) - 1;
      String prefix = "layer.%d.cache.%d.".formatted(segment.layer(), number);
      int heads = segment.heads().size();
      int rows = segment.rows();
      addFloats(prefix + "k", segment.keys(), heads, rows, segment.keyDim());
      addFloats(prefix + "v", segment.values(), heads, rows, segment.valueDim());
      addInts(
          prefix + "heads", segment.heads().stream().mapToInt(Integer::intValue).toArray(), heads);
      addInts(prefix + "position", segment.positions(), heads, rows);
      addFloats(prefix + "bytes", new float[] {segment.bytes()}, 1);
      segment.norms().ifPresent(norms -> addNorms(prefix, segment, norms));
      segment.rowBias().ifPresent(bias -> addFloats(prefix + "row_bias", bias, heads, rows));
      segment.packed().ifPresent(packed -> addPacked(prefix, segment, packed));
    }
  }

  private void addNorms(String prefix, SegmentSnapshot segment, SegmentSnapshot.Norms norms) {
    int heads = segment.heads().size();
    addFloats(prefix + "scale_k", norms.keys(), heads, segment.rows());
    addFloats(prefix + "scale_v", norms.values(), heads, segment.rows());
  }

  private void addPacked(String prefix, SegmentSnapshot segment, PackedRows packed) {
    int heads = segment.heads().size();
    addBytes(prefix + "codes_k", packed.keyCodes(), heads, packed.rows(), segment.keyDim());
    addBytes(prefix + "codes_v", packed.valueCodes(), heads, packed.rows(), segment.valueDim());
    addFloats(prefix + "quant_scale_k", packed.keySteps(), extents(packed.keyGroups()));
    addFloats(prefix + "quant_zero_k", packed.keyMins(), extents(packed.keyGroups()));
    addFloats(prefix + "quant_scale_v", packed.valueSteps(), extents(packed.valueGroups()));
    addFloats(prefix + "quant_zero_v", packed.valueMins(), extents(packed.valueGroups()));
  }

  /** {@return what was collected} */
  SafetensorsWriter writer() {
    return writer;
  }

  /** {@return how many tensors there are} */
  int tensors() {
    return tensors;
  }

  /** {@return how many steps there were} */
  int steps() {
    return steps;
  }

  /** {@return how many steps the prompt took} */
  int prefillSteps() {
    return prefillSteps;
  }

  private static long[] extents(List<Integer> shape) {
    return shape.stream().mapToLong(Integer::longValue).toArray();
  }

  private void addBytes(String name, byte[] values, long... shape) {
    writer.addBytes(name, values, shape);
    tensors++;
  }

  private void addFloats(String name, float[] values, long... shape) {
    writer.addFloats(name, values, shape);
    tensors++;
  }

  private void addInts(String name, int[] values, long... shape) {
    writer.addInts(name, values, shape);
    tensors++;
  }
}
