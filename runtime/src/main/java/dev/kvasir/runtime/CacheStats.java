package dev.kvasir.runtime;

/**
 * What a session's cache holds now.
 *
 * @param allocatedBytes bytes of the pages in use and of all page tables
 * @param keptRows cache rows in those pages, summed over layers, KV heads and segments
 * @param trueTokens tokens that the session has read, whether or not their rows are still there
 * @param evictions cache rows that were dropped, summed likewise
 * @param reservedBytes bytes of all pages, in use or not, and of all page tables
 */
public record CacheStats(
    long allocatedBytes, long keptRows, int trueTokens, long evictions, long reservedBytes) {}
