package dev.kvasir.plans;

import dev.kvasir.plans.Manifest.ModelReference;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Checks once what a runtime relies on from then on: names resolve, calls fit declarations and form
 * no cycle, every expression has a value in range for every span a session can reach, memory is
 * large enough and its parts do not collide.
 *
 * <p>Not checked: that a kernel stays inside its buffers, which kernels of the {@code jvm} target
 * check themselves and those of {@code tornado} do not, and that a kernel computes what it should,
 * which check vectors show.
 */
public final class PlanChecker {

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern ABSOLUTE = Pattern.compile("/|[A-Za-z]:");
  private static final Pattern TILE = Pattern.compile("[a-z][a-z-]{0,39}");
  private static final int MAX_TILES = 100;
  private static final int MAX_COUNT = 1 << 20;
  private static final String JVM = "jvm";
  private static final String TORNADO = "tornado";
  private static final List<String> TARGETS = List.of(JVM, TORNADO);
  private static final List<String> ROPE_STYLES = List.of("half", "interleaved");

  private PlanChecker() {}

  /**
   * Checks {@code plan}.
   *
   * @throws PlanException {@link Reason#MALFORMED} at the first contradiction, with its place in
   *     the plan
   */
  public static void check(Plan plan) throws PlanException {
    PlanText.check(plan);
    checkManifest(plan.manifest());
    MemoryChecker memory = new MemoryChecker(plan);
    memory.check();
    MarkChecker marks = new MarkChecker(plan);
    new ProgramChecker(plan, memory, marks).check();
    new SegmentChecker(plan, memory, marks).check();
    Set<String> classes = new HashSet<>();
    switch (plan.manifest().target()) {
      case JVM -> addJvmClasses(plan, classes);
      case TORNADO -> addTornadoClasses(plan, classes);
      default -> throw new IllegalStateException(plan.manifest().target());
    }
    checkNoOtherClasses(plan, classes);
    CheckVectors.of(plan);
  }

  private static void checkManifest(Manifest manifest) throws PlanException {
    String place = PlanFormat.MANIFEST;
    requireOneOf(place + ": target", TARGETS, manifest.target());
    requireRange(place + ": context", manifest.context(), 1, 1 << 28);
    requireRange(place + ": span", manifest.span(), 1, manifest.context());
    requireRange(place + ": page_rows", manifest.pageRows(), PageLayout.ROWS, PageLayout.ROWS);
    requireTiles(place + ": tiles", manifest.tiles());
    requireHash(place + ": policy: sha256", manifest.policy().sha256());
    String policyHash =
        PlanFormat.sha256(manifest.policy().text().getBytes(StandardCharsets.UTF_8));
    require(
        policyHash.equals(manifest.policy().sha256()),
        place + ": policy: sha256",
        "expected the hash of the policy's text, %s, got %s"
            .formatted(policyHash, manifest.policy().sha256()));
    checkModel(manifest.model());
  }

  private static void checkModel(ModelReference model) throws PlanException {
    String place = PlanFormat.MANIFEST + ": model";
    requireHash(place + ": fingerprint", model.fingerprint());
    if (model.fullHash().isPresent()) {
      requireHash(place + ": full_hash", model.fullHash().get());
    }
    String hint = model.pathHint();
    require(
        !ABSOLUTE.matcher(hint).lookingAt() && hint.chars().noneMatch(c -> c < ' ' || c == '\\'),
        place + ": path_hint",
        "expected a relative path with forward slashes");
    requireRange(place + ": layers", model.layers(), 1, MAX_COUNT);
    requireRange(place + ": query_heads", model.queryHeads(), 1, MAX_COUNT);
    requireRange(place + ": kv_heads", model.kvHeads(), 1, model.queryHeads());
    requireRange(place + ": key_dim", model.keyDim(), 1, MAX_COUNT);
    requireRange(place + ": value_dim", model.valueDim(), 1, MAX_COUNT);
    requireRange(place + ": vocabulary", model.vocabulary(), 1, 1 << 28);
    require(model.softmaxScale() > 0, place + ": softmax_scale", "expected a positive number");
    require(model.ropeTheta() > 0, place + ": rope_theta", "expected a positive number");
    requireOneOf(place + ": rope_style", ROPE_STYLES, model.ropeStyle());
    for (int token : model.endTokens()) {
      requireRange(place + ": end_tokens", token, 0, model.vocabulary() - 1);
    }
  }

  private static void addJvmClasses(Plan plan, Set<String> classes) throws PlanException {
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      for (KernelDeclaration kernel : plan.program().kernels()) {
        addClass(plan, JvmKernelAbi.entryName(kernel.name(), bits), classes);
      }
      classes.add(JvmKernelAbi.entryName(JvmKernelAbi.SHARED, bits));
    }
  }

  private static void addTornadoClasses(Plan plan, Set<String> classes) throws PlanException {
    for (KernelDeclaration kernel : plan.program().kernels()) {
      addClass(plan, TornadoKernelAbi.entryName(kernel.name()), classes);
      String place = PlanFormat.PROGRAM + ": kernel " + kernel.name();
      requireRange(
          place + ": arguments", kernel.arguments().size(), 0, TornadoKernelAbi.MOST_BUFFERS);
      for (KernelDeclaration.Argument argument : kernel.arguments()) {
        require(
            isHeldByTornado(argument.format()),
            place + ", argument " + argument.name(),
            "expected a format that target tornado has, got " + argument.format().text());
      }
    }
  }

  private static boolean isHeldByTornado(StorageFormat format) {
    return switch (format) {
      case F32, F16, I32, U8, U4 -> true;
      case BF16, I8 -> false;
    };
  }

  private static void addClass(Plan plan, String entry, Set<String> classes) throws PlanException {
    require(plan.files().containsKey(entry), entry, "expected the entry, got none");
    classes.add(entry);
  }

  private static void checkNoOtherClasses(Plan plan, Set<String> classes) throws PlanException {
    for (String name : plan.files().keySet()) {
      require(
          !name.endsWith(".class") || classes.contains(name),
          name,
          "expected no class but those of declared kernels, got one");
    }
  }

  /** Refuses the plan unless {@code holds}. */
  static void require(boolean holds, String place, String problem) throws PlanException {
    if (!holds) {
      throw new PlanException(Reason.MALFORMED, place, problem);
    }
  }

  /** Refuses a value outside least..most. */
  static void requireRange(String place, long value, long least, long most) throws PlanException {
    if (value < least || value > most) {
      throw new PlanException(
          Reason.MALFORMED, place, "expected %d to %d, got %d".formatted(least, most, value));
    }
  }

  /** Refuses sizes that cannot be shown to people. */
  static void requireTiles(String place, Map<String, Integer> tiles) throws PlanException {
    require(
        tiles.size() <= MAX_TILES,
        place,
        "expected at most %d, got %d".formatted(MAX_TILES, tiles.size()));
    for (Map.Entry<String, Integer> tile : tiles.entrySet()) {
      require(
          TILE.matcher(tile.getKey()).matches(),
          place,
          "expected names of up to 40 lower-case letters and \"-\"");
      requireRange(place + ": " + tile.getKey(), tile.getValue(), 1, 1 << 28);
    }
  }

  /** Refuses a name that appears twice. */
  static void requireUnique(String place, List<String> names) throws PlanException {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      require(seen.add(name), place + " " + name, "expected one of that name, got two");
    }
  }

  private static void requireHash(String place, String hash) throws PlanException {
    require(SHA256.matcher(hash).matches(), place, "expected 64 lower-case hexadecimal digits");
  }

  private static void requireOneOf(String place, List<String> values, String got)
      throws PlanException {
    require(
        values.contains(got),
        place,
        "expected %s, got %s".formatted(String.join(" or ", values), got));
  }
}
