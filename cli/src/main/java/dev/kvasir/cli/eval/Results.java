package dev.kvasir.cli.eval;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * All that was measured.
 *
 * @param settings what was asked for
 * @param backend what ran the kernels, for people
 * @param reference perplexity and texts of policy {@code full} in f32, when texts were read
 * @param caches the plans, each with its baselines behind it, and {@code full} first when it was
 *     asked for
 * @param unavailable baselines that were asked for and that this compiler does not have
 */
public record Results(
    Settings settings,
    String backend,
    Optional<Measured> reference,
    List<Cache> caches,
    List<Baseline> unavailable) {

  /** Copies the lists. */
  public Results {
    caches = List.copyOf(caches);
    unavailable = List.copyOf(unavailable);
  }

  /**
   * Where a plan has bytes of its own: behind an answer it may hold others than behind a text that
   * was read token by token.
   *
   * @param length tokens
   * @param text whether a text was read
   */
  public record Place(int length, boolean text) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      return Comparator.comparingInt(Place::length).thenComparing(Place::text).compare(this, other);
    }

    /** {@return the place as reports name it} */
    @Override
    public String toString() {
      return String.format(Locale.ROOT, text ? "%,d of ppl" : "%,d", length);
    }
  }

  /**
   * One cache that was measured.
   *
   * @param name what reports call it
   * @param policy the policy's name
   * @param baseline what it is, when it is no plan of the user's
   * @param of the plan whose bytes it has, of baselines of equal bytes
   * @param rows what a baseline of equal bytes keeps at each place
   * @param missing why there is no such baseline, for each place without
   * @param measured what it did
   */
  public record Cache(
      String name,
      String policy,
      Optional<Baseline> baseline,
      Optional<String> of,
      Map<Place, Integer> rows,
      Map<Place, String> missing,
      Measured measured) {

    /** Copies the maps. */
    public Cache {
      rows = Map.copyOf(rows);
      missing = Map.copyOf(missing);
    }

    /** {@return the lengths at which a baseline of equal bytes was measured, ascending} */
    public List<Integer> lengths() {
      return rows.keySet().stream().map(Place::length).distinct().sorted().toList();
    }
  }

  /** {@return the baselines of equal bytes of a plan} */
  public List<Cache> besides(Cache plan) {
    return caches.stream().filter(cache -> cache.of().equals(Optional.of(plan.name()))).toList();
  }
}
