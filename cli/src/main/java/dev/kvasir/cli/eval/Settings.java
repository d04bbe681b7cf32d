package dev.kvasir.cli.eval;

import java.util.List;

/**
 * What is measured.
 *
 * @param suites in the order of the enum, none twice
 * @param lengths tokens of context, question and answer together, ascending
 * @param depths where keys are planted, in percent of the text before them, 0 to 100, ascending
 * @param samples contexts of each length and depth; of {@link Suite#RECALL} and {@link Suite#PPL}
 *     of each length
 * @param keys keys in a context of {@link Suite#PASSKEY}, at least 1
 * @param seed start of all random numbers
 * @param format how keys are planted and asked for
 * @param queryAware whether the question is read together with the context
 */
public record Settings(
    List<Suite> suites,
    List<Integer> lengths,
    List<Integer> depths,
    int samples,
    int keys,
    long seed,
    PromptFormat format,
    boolean queryAware) {

  /** Copies the lists. */
  public Settings {
    suites = List.copyOf(suites);
    lengths = List.copyOf(lengths);
    depths = List.copyOf(depths);
  }

  /** {@return the same for other suites} */
  Settings with(List<Suite> others) {
    return new Settings(others, lengths, depths, samples, keys, seed, format, queryAware);
  }
}
