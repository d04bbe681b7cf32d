package dev.kvasir.benchmarks.fusion;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What is measured, in parts that each have a virtual machine of their own. */
final class Parts {

  /** Threads of sessions and of everything they are compared with. */
  static final int THREADS = 2;

  /** Steps that a session takes in turn. */
  static final int STEPS = 64;

  /** Turns. */
  static final int ROUNDS = 16;

  /** Bytes of a key and a value in bf16. */
  static final int ROW_BYTES = 2 * Short.BYTES * LayerRows.DIM;

  /** The policy of plain attention. */
  static final String FULL = "full";

  private static final long SEED = 5;

  /** The part that compares with separate passes. */
  static final String SEPARATE = "separate";

  /** The part that compares folds with products. */
  static final String FOLDS = "folds";

  /** The part in which two layers are merged, and its policy. */
  static final String MINICACHE = "minicache";

  /** What the kernels are called that merge a full tail. */
  static final String FULL_TAIL = "merge of a full tail";

  /**
   * Policies of a part.
   *
   * @param first those that read a prompt and take steps before they are compiled as well
   * @param all those whose steps take turns
   */
  private record Sessions(List<String> first, List<String> all) {}

  private static final Map<String, Sessions> SESSIONS = new LinkedHashMap<>();

  static {
    SESSIONS.put("snapkv", new Sessions(List.of("snapkv"), List.of("snapkv")));
    SESSIONS.put("windowkv", new Sessions(List.of("windowkv"), List.of("windowkv")));
    SESSIONS.put("snapkv-steps", new Sessions(List.of(), List.of("snapkv", FULL)));
    SESSIONS.put("windowkv-steps", new Sessions(List.of(), List.of("windowkv", FULL)));
    SESSIONS.put("streaming", new Sessions(List.of("razor"), List.of("razor", "streaming", FULL)));
    SESSIONS.put(MINICACHE, new Sessions(List.of(MINICACHE), List.of(MINICACHE, FULL)));
    SESSIONS.put("groups", new Sessions(List.of(), List.of("zigzag", "duo")));
  }

  private Parts() {}

  /** {@return all parts, in order} */
  static List<String> all() {
    List<String> all = new ArrayList<>(SESSIONS.keySet());
    all.add(SEPARATE);
    all.add(FOLDS);
    return all;
  }

  /**
   * {@return what a part measured: figures by what they are, by policy or comparison}
   *
   * @param folder of the model
   * @param tokens of the prompt
   */
  static Map<String, Map<String, Double>> run(String part, Path folder, int tokens)
      throws IOException {
    if (part.equals(SEPARATE)) {
      try (SeparatePart separate = new SeparatePart(tokens, Turns.WARM_NANOS)) {
        return separate.run();
      }
    }
    if (part.equals(FOLDS)) {
      return new FoldPart(Turns.WARM_NANOS).run();
    }
    int[] prompt = new Random(SEED).ints(tokens, 0, 200).toArray();
    List<FusedRun> runs = new ArrayList<>();
    Sessions sessions = SESSIONS.getOrDefault(part, new Sessions(List.of(), List.of()));
    for (String name : sessions.all()) {
      FusedRun run = new FusedRun(FusedPolicy.named(name, tokens), folder, prompt);
      runs.add(run);
      if (sessions.first().contains(name)) {
        run.first();
      }
      run.warm();
    }
    for (int round = 0; round < ROUNDS; round++) {
      (round % 2 == 0 ? runs : runs.reversed()).forEach(run -> run.turn(STEPS));
    }
    FusedRun last = runs.getLast();
    runs.subList(0, runs.size() - 1).forEach(run -> run.compare(last));
    Map<String, Map<String, Double>> figures = new LinkedHashMap<>();
    for (FusedRun run : runs) {
      figures.put(run.policy().name(), run.figures());
      run.close();
    }
    if (part.equals(MINICACHE)) {
      figures.put(FULL_TAIL, MergedTail.figures(tokens));
    }
    return figures;
  }
}
