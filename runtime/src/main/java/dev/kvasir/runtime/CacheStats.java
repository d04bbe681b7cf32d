package dev.kvasir.runtime;

/**
 * What a session's cache holds now.
 *
 * @param allocatedBytes bytes of the pages that the session holds, of its page tables and state;
 *     pages that it shares with forks are counted by each of them, see {@link Session#familyBytes}
 * @param sharedBytes bytes of those pages that another session holds as well
 * @param keptRows cache rows in those pages, summed over layers, KV heads and segments; rows that
 *     two layers share count once
 * @param syntheticRows rows that stand for dropped ones, summed likewise; not among the kept ones
 * @param trueTokens tokens that the session has read, whether or not their rows are still there
 * @param evictions cache rows that were dropped, summed likewise
 * @param reservedBytes bytes of all pages, in use or not, of all page tables and state; of a
 *     session that has room for forks, for all of them together
 */
public record CacheStats(
    long allocatedBytes,
    long sharedBytes,
    long keptRows,
    long syntheticRows,
    int trueTokens,
    long evictions,
    long reservedBytes) {}
