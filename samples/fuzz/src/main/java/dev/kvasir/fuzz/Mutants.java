package dev.kvasir.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Makes mutants: the seed and an index say everything about one. */
final class Mutants {

  private static final Pattern EXPRESSION =
      Pattern.compile(
          "[a-z_0-9. ,()+*<>=!-]*(\\d|tokens|span|context|position)[a-z_0-9. ,()+*<>=!-]*");
  private static final List<String> TENSOR_ENTRIES =
      List.of(PlanArchive.CHECKS, PlanArchive.WEIGHTS);

  private final long seed;
  private final GoldenPlans plans;
  private final SortedMap<String, byte[]> single = new TreeMap<>();
  private final SortedMap<String, byte[]> sharded = GoldenModel.sharded();

  Mutants(long seed, GoldenPlans plans) {
    this.seed = seed;
    this.plans = plans;
    single.put(GoldenModel.CONFIG_FILE, GoldenModel.config());
    single.put(GoldenModel.WEIGHTS_FILE, GoldenModel.weights());
  }

  /** {@return the sound plans} */
  GoldenPlans plans() {
    return plans;
  }

  /** {@return mutant number {@code index}} */
  Mutant get(long index) {
    // The generator mixes its seed, so that neighbours share nothing.
    SplittableRandom random = new SplittableRandom(seed * 0x9E37_79B9_7F4A_7C15L + index);
    MutationKind[] kinds = MutationKind.values();
    MutationKind kind = kinds[(int) Math.floorMod(index, (long) kinds.length)];
    return switch (kind) {
      case CONFIG, MODEL_HEADER, MODEL_BYTES, MODEL_INDEX -> model(index, kind, random);
      default -> plan(index, kind, random);
    };
  }

  private Mutant plan(long index, MutationKind kind, SplittableRandom random) {
    PlanArchive archive = archive(kind, random);
    return switch (kind) {
      case ENTRY_BYTES -> {
        String name = pick(archive.names(), random);
        byte[] changed = ByteMutator.mutate(archive.content(name), random);
        yield withEntry(index, kind, archive.with(name, changed), name);
      }
      case CLASS_FILE -> {
        List<String> classes = archive.names().stream().filter(Mutants::isClass).toList();
        String name = pick(classes, random);
        byte[] changed = ClassMutator.mutate(archive.content(name), random);
        yield withEntry(index, kind, archive.with(name, changed), name);
      }
      default -> {
        byte[] bytes = bytes(archive, kind, random);
        boolean unrepaired = kind == MutationKind.PLAN_BYTES || kind == MutationKind.ZIP_HEADERS;
        boolean damaged = unrepaired && !Arrays.equals(bytes, archive.toBytes());
        yield new Mutant.PlanFile(index, kind, bytes, Optional.empty(), damaged);
      }
    };
  }

  private static byte[] bytes(PlanArchive archive, MutationKind kind, SplittableRandom random) {
    return switch (kind) {
      case PLAN_BYTES -> ByteMutator.mutate(archive.toBytes(), random);
      case ZIP_HEADERS -> new ZipMutator(random).mutateHeaders(archive);
      case ZIP_ENTRIES -> new ZipMutator(random).mutateEntries(archive);
      case MANIFEST -> manifest(archive, random);
      case PROGRAM -> json(archive, PlanArchive.PROGRAM, random);
      case MEMORY -> json(archive, PlanArchive.MEMORY, random);
      case EXPRESSIONS -> expressions(archive, random);
      case PLAN_TENSORS -> {
        String name = pick(TENSOR_ENTRIES, random);
        yield archive.with(name, tensors(archive.content(name), random)).toBytes();
      }
      case ENTRY_BYTES, CLASS_FILE, CONFIG, MODEL_HEADER, MODEL_BYTES, MODEL_INDEX ->
          throw new IllegalArgumentException(kind.name());
    };
  }

  private static Mutant withEntry(
      long index, MutationKind kind, PlanArchive archive, String changed) {
    Optional<String> changedClass = isClass(changed) ? Optional.of(changed) : Optional.empty();
    return new Mutant.PlanFile(index, kind, archive.toBytes(), changedClass, false);
  }

  private static boolean isClass(String name) {
    return name.endsWith(".class");
  }

  // Small plans mostly: a mutant of another one takes ten times as long.
  private PlanArchive archive(MutationKind kind, SplittableRandom random) {
    if (kind == MutationKind.EXPRESSIONS) {
      return random.nextInt(8) == 0 ? plans.longContext() : plans.small();
    }
    return switch (random.nextInt(64)) {
      case 0 -> plans.compiled();
      case 1 -> plans.longContext();
      default -> plans.small();
    };
  }

  private static byte[] manifest(PlanArchive archive, SplittableRandom random) {
    JsonMutator mutator = new JsonMutator(random);
    if (random.nextInt(4) == 0) {
      // The list of entries as well, and unrepaired.
      JsonNode whole = Json.read(archive.repaired().getFirst().content());
      return ZipWriter.write(archive.withManifestBytes(mutator.mutate(whole)));
    }
    byte[] changed = mutator.mutate(archive.manifest());
    try {
      return archive.withManifest(Json.read(changed)).toBytes();
    } catch (UncheckedIOException e) {
      return ZipWriter.write(archive.withManifestBytes(changed));
    }
  }

  private static byte[] json(PlanArchive archive, String name, SplittableRandom random) {
    JsonNode sound = Json.read(archive.content(name));
    return archive.with(name, new JsonMutator(random).mutate(sound)).toBytes();
  }

  private static byte[] expressions(PlanArchive archive, SplittableRandom random) {
    PlanArchive changed = archive;
    for (int i = random.nextInt(1, 3); i > 0; i--) {
      String name = random.nextInt(3) > 0 ? PlanArchive.PROGRAM : PlanArchive.MEMORY;
      JsonNode sound = Json.read(changed.content(name));
      changed =
          changed.with(
              name,
              new JsonMutator(random).rewrite(sound, text -> EXPRESSION.matcher(text).matches()));
    }
    return changed.toBytes();
  }

  private static byte[] tensors(byte[] sound, SplittableRandom random) {
    return random.nextInt(4) == 0
        ? SafetensorsMutator.mutateData(sound, random)
        : SafetensorsMutator.mutateHeader(sound, random);
  }

  private Mutant model(long index, MutationKind kind, SplittableRandom random) {
    SortedMap<String, byte[]> files =
        new TreeMap<>(kind == MutationKind.MODEL_INDEX ? sharded : single);
    String name =
        switch (kind) {
          case CONFIG -> GoldenModel.CONFIG_FILE;
          case MODEL_HEADER -> GoldenModel.WEIGHTS_FILE;
          case MODEL_INDEX ->
              random.nextInt(4) > 0
                  ? GoldenModel.INDEX_FILE
                  : pick(List.copyOf(files.keySet()), random);
          default -> pick(List.copyOf(files.keySet()), random);
        };
    files.computeIfPresent(name, (key, sound) -> modelFile(kind, name, sound, random));
    return new Mutant.ModelFiles(index, kind, files, random.nextBoolean());
  }

  private static byte[] modelFile(
      MutationKind kind, String name, byte[] sound, SplittableRandom random) {
    if (kind == MutationKind.MODEL_BYTES || random.nextInt(8) == 0) {
      return ByteMutator.mutate(sound, random);
    }
    return name.endsWith(".json")
        ? new JsonMutator(random).mutate(Json.read(sound))
        : SafetensorsMutator.mutateHeader(sound, random);
  }

  private static String pick(List<String> names, SplittableRandom random) {
    return names.get(random.nextInt(names.size()));
  }
}
