package dev.kvasir.fuzz.plan;

import dev.kvasir.ir.type.Fold;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Makes cases from numbers. Most of the policies are valid; the resolver refuses the others. */
final class RandomPlans {
  private static final List<Integer> HEAD_DIMS = List.of(16, 16, 32, 32, 48, 64);
  private static final List<Integer> GROUPS = List.of(1, 2, 2, 4);
  private static final List<Integer> SPANS = List.of(1, 37, 64, 100, 200);
  private static final List<Integer> WINDOWS = List.of(1, 1, 2, 4, 8, 16);
  private static final List<Integer> POOLS = List.of(1, 3, 7);
  private static final List<String> FORMATS = List.of("f32", "bf16", "f16");
  private static final List<String> MASSES = List.of("max", "average");
  private static final List<String> SCORES = List.of("max", "average", "random(seed = 5)");
  private static final long STRIDE = 0x9E37_79B9_7F4A_7C15L;

  private final Random random;
  private final SmallModel model;
  private final List<String> uses = new ArrayList<>();

  /** How a layer keeps its rows. */
  private enum Retention {
    ALL,
    STREAMING,
    SELECTED,
    FOLDED,
    MERGED,
    SELECTED_AND_MERGED;

    boolean isMerged() {
      return this == MERGED || this == SELECTED_AND_MERGED;
    }
  }

  private RandomPlans(Random random) {
    this.random = random;
    int group = of(GROUPS);
    model =
        new SmallModel(
            1 + random.nextInt(4), 1 + random.nextInt(2), group, of(HEAD_DIMS), random.nextLong());
  }

  /** {@return case number {@code index} of a seed, always the same} */
  static PlanCase of(long seed, long index) {
    return new RandomPlans(new Random(seed + index * STRIDE)).make();
  }

  private PlanCase make() {
    List<Retention> layers = retentions();
    group(where(layers, Retention.STREAMING));
    select(layers);
    Optional<PlanCase.Convolutions> convolutions = fold(where(layers, Retention.FOLDED));
    merge(where(layers, Retention.MERGED), 1 + random.nextInt(70));
    if (random.nextBoolean()) {
      uses.add("use store-kv(format = %s)%s;".formatted(of(FORMATS), someLayers(layers)));
    }
    if (random.nextBoolean()) {
      uses.add(
          "use quantize-kv(key = %s, value = %s)%s;"
              .formatted(codes(true), codes(false), someLayers(layers)));
    }
    List<Integer> prompts = new ArrayList<>();
    for (int prompt = random.nextInt(2); prompt >= 0; prompt--) {
      prompts.add(1 + random.nextInt(random.nextBoolean() ? 20 : 90));
    }
    int steps = random.nextInt(50);
    int tokens = prompts.stream().mapToInt(Integer::intValue).sum() + steps;
    int context = tokens + random.nextInt(200);
    return new PlanCase(
        model, uses, context, Math.min(of(SPANS), context), prompts, steps, convolutions);
  }

  /** Layers merge with a neighbour. */
  private List<Retention> retentions() {
    List<Retention> layers = new ArrayList<>();
    while (layers.size() < model.layers()) {
      Retention retention = of(List.of(Retention.values()));
      if (!retention.isMerged()) {
        layers.add(retention);
      } else if (layers.size() + 1 < model.layers()) {
        layers.addAll(List.of(retention, retention));
      }
    }
    return layers;
  }

  private Optional<PlanCase.Convolutions> fold(List<Integer> layers) {
    if (layers.isEmpty()) {
      return Optional.empty();
    }
    int slots = 2 + random.nextInt(random.nextBoolean() ? 20 : 80);
    int keep = random.nextInt(100);
    int kernel = 1 + 2 * random.nextInt(6);
    uses.add(
        "use fuse-kv-conv(slots = %d, block = %d, kernel = %d, keep = %d%%)%s;"
            .formatted(slots, 1 + random.nextInt(60), kernel, keep, onLayers(layers)));
    int mixed = Fold.mixed(slots, BigDecimal.valueOf(keep));
    return Optional.of(new PlanCase.Convolutions(slots, mixed, kernel, of(List.of(0f, 0.5f, 1f))));
  }

  private void merge(List<Integer> layers, int tail) {
    if (!layers.isEmpty()) {
      uses.add(
          "use merge-layers(from = 0, t = %s, retain = %s, tail = %d)%s;"
              .formatted(
                  of(List.of("0", "0.6", "1")),
                  of(List.of("0%", "5%", "30%", "100%")),
                  tail,
                  onLayers(layers)));
    }
  }

  private static List<Integer> where(List<Retention> layers, Retention retention) {
    return IntStream.range(0, layers.size())
        .filter(layer -> layers.get(layer) == retention)
        .boxed()
        .toList();
  }

  private void group(List<Integer> streaming) {
    if (streaming.isEmpty()) {
      return;
    }
    boolean byHead = random.nextInt(3) == 0;
    String retrieval =
        IntStream.range(0, model.layers())
            .boxed()
            .flatMap(layer -> retrieval(layer, streaming.contains(layer), byHead).stream())
            .collect(Collectors.joining(", ", "[", "]"));
    uses.add(
        "use group-heads(criterion = %s, retrieval = %s, sink = %d, recent = %d, compensate = %s);"
            .formatted(
                byHead ? "head" : "layer",
                retrieval,
                of(List.of(0, 1, 4, 70)),
                1 + random.nextInt(random.nextBoolean() ? 20 : 100),
                random.nextInt(3) == 0));
  }

  /** A streaming layer may have single heads that keep all. */
  private List<String> retrieval(int layer, boolean streaming, boolean byHead) {
    if (!byHead) {
      return streaming ? List.of() : List.of(Integer.toString(layer));
    }
    return IntStream.range(0, model.kvHeads())
        .filter(head -> !streaming || random.nextInt(3) == 0)
        .mapToObj(head -> "head(%d, %d)".formatted(layer, head))
        .toList();
  }

  /** Layers that merge share a list, which others may keep as well. */
  private void select(List<Retention> retentions) {
    List<Integer> alone = where(retentions, Retention.SELECTED);
    List<Integer> pairs = where(retentions, Retention.SELECTED_AND_MERGED);
    if (!alone.isEmpty() && !pairs.isEmpty() && random.nextBoolean()) {
      List<Integer> both = Stream.concat(alone.stream(), pairs.stream()).sorted().toList();
      merge(pairs, select(both, List.of(both.size())));
      return;
    }
    if (!alone.isEmpty()) {
      select(alone, random.nextBoolean() ? List.of(1) : divisors(alone.size()));
    }
    if (!pairs.isEmpty()) {
      List<Integer> even = divisors(pairs.size()).stream().filter(n -> n % 2 == 0).toList();
      merge(pairs, select(pairs, even));
    }
  }

  /** The tail. */
  private int select(List<Integer> layers, List<Integer> shares) {
    int window = of(WINDOWS);
    int observe = 1 + random.nextInt(24);
    int share = of(shares);
    int pool = window == 1 ? of(POOLS) : 1;
    int tail = observe + random.nextInt(30);
    uses.add(
        "use select-window(budget = %s, window = %d, observe = %d, share = %d, per-head = %s, pool = %d, score = %s, tail = %d)%s;"
            .formatted(
                budget(observe + window, share),
                window,
                observe,
                share,
                random.nextBoolean(),
                pool,
                of(pool == 1 ? SCORES : MASSES),
                tail,
                onLayers(layers)));
    return tail;
  }

  private String budget(int least, int share) {
    String mean =
        random.nextBoolean()
            ? Integer.toString(least + random.nextInt(80))
            : (5 + random.nextInt(96)) + "%";
    return switch (random.nextInt(4)) {
      case 0 -> share == 1 ? "pyramid(" + mean + ")" : mean;
      case 1 -> "groups(" + mean + ")";
      default -> mean;
    };
  }

  private static List<Integer> divisors(int count) {
    return IntStream.rangeClosed(1, count).filter(n -> count % n == 0).boxed().toList();
  }

  private String codes(boolean key) {
    boolean channel = key && random.nextBoolean();
    int whole = channel ? 64 : model.headDim();
    List<Integer> groups =
        IntStream.of(16, 32, 64, 128).filter(group -> whole % group == 0).boxed().toList();
    return "int%d(per = %s, group = %d)"
        .formatted(of(List.of(4, 8)), channel ? "channel" : "token", of(groups));
  }

  /** Layers that merge are stored alike. */
  private String someLayers(List<Retention> retentions) {
    boolean lower = false;
    boolean chosen = false;
    List<Integer> layers = new ArrayList<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      boolean upper = lower;
      lower = retentions.get(layer).isMerged() && !upper;
      chosen = upper ? chosen : random.nextInt(3) > 0;
      if (chosen) {
        layers.add(layer);
      }
    }
    return layers.isEmpty() || layers.size() == model.layers() ? "" : onLayers(layers);
  }

  private static String onLayers(List<Integer> layers) {
    return layers.stream()
        .map(layer -> Integer.toString(layer))
        .collect(Collectors.joining(", ", " on layers ", ""));
  }

  private <T> T of(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
