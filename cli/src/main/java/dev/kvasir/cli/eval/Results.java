package dev.kvasir.cli.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
   * One cache that was measured.
   *
   * @param name what reports call it
   * @param policy the policy's name
   * @param baseline what it is, when it is no plan of the user's
   * @param of the plan whose bytes it has, of baselines of equal bytes
   * @param rows what a baseline of equal bytes keeps at each length
   * @param missing why there is no such baseline, for each length without
   * @param measured what it did
   */
  public record Cache(
      String name,
      String policy,
      Optional<Baseline> baseline,
      Optional<String> of,
      Map<Integer, Integer> rows,
      Map<Integer, String> missing,
      Measured measured) {

    /** Copies the maps. */
    public Cache {
      rows = Map.copyOf(rows);
      missing = Map.copyOf(missing);
    }

    /** {@return the lengths at which a baseline of equal bytes was measured} */
    public Set<Integer> lengths() {
      return rows.keySet();
    }
  }

  /** {@return the baselines of equal bytes of a plan} */
  public List<Cache> besides(Cache plan) {
    return caches.stream().filter(cache -> cache.of().equals(Optional.of(plan.name()))).toList();
  }
}
