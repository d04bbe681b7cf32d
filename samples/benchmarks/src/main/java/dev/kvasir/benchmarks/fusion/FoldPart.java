package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;

import dev.kvasir.benchmarks.ProductWork;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How fast the rows of one layer are folded beside the project's own blocked product, which takes
 * turns with them: a step's rows, and as many as a span brings.
 */
final class FoldPart {

  /** What a fold of a step's rows is called. */
  static final String STEP = "fold of a step";

  /** The same on one thread. */
  static final String ALONE = "fold of a step, one thread";

  /** What a fold of a span's rows is called. */
  static final String SPAN = "fold of a span";

  /** The defaults of {@code fuse-kv-conv}. */
  private static final Fold FOLD = new Fold(128, 128, 21, 64);

  private static final int SPAN_ROWS = 2048;
  private static final int PRODUCT_ROWS = 256;
  private static final int PRODUCT_SIDE = 1024;
  private static final long NO_COPIES = 1;

  private final Map<String, Map<String, Double>> figures = new LinkedHashMap<>();
  private final long warmNanos;

  FoldPart(long warmNanos) {
    this.warmNanos = warmNanos;
  }

  /** {@return figures by what they are, by the size of the fold} */
  Map<String, Map<String, Double>> run() {
    int step = FOLD.slots() + FOLD.block();
    fold(STEP, step, Parts.THREADS);
    fold(ALONE, step, 1);
    fold(SPAN, step + SPAN_ROWS, Parts.THREADS);
    return figures;
  }

  private void fold(String name, int candidates, int threads) {
    try (Team team = new Team(threads);
        FoldWork fold = new FoldWork(FOLD, KV_HEADS, candidates, DIM, team);
        ProductWork product =
            new ProductWork(
                PRODUCT_ROWS, PRODUCT_SIDE, PRODUCT_SIDE, ElementFormat.F32, team, NO_COPIES)) {
      Turns turns = new Turns(() -> {}, fold::run, product::run, 1, warmNanos);
      turns.first();
      fold.check();
      product.check();
      turns.compiled();
      Map<String, Double> all = new LinkedHashMap<>();
      all.put("rows", (double) candidates);
      turns.figures().forEach((what, figure) -> note(all, what, figure, fold, product));
      figures.put(name, all);
    }
  }

  private static void note(
      Map<String, Double> all, String what, double figure, FoldWork fold, ProductWork product) {
    String when = what.startsWith("first ") ? "first " : "";
    if (what.endsWith("fused us")) {
      all.put(when + "fold us", figure);
      all.put(when + "us a token", figure / FOLD.block());
      all.put(when + "fold GFLOP/s", fold.operations() / figure / 1e3);
    } else if (what.endsWith("separate us")) {
      double rate = product.operations() / figure / 1e3;
      all.put(when + "product GFLOP/s", rate);
      all.put(when + "times", rate / all.getOrDefault(when + "fold GFLOP/s", 0.0));
    }
  }
}
