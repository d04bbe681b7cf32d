/**
 * Naive oracles over trace files: everything that a session showed, recomputed in double precision
 * from its queries, keys and values and from what its policy says.
 *
 * <p>Nothing here is shared with what it checks, but for the reader of the files. A {@link
 * dev.kvasir.samples.oracle.TraceOracle} goes through a file; a {@link
 * dev.kvasir.samples.oracle.HeadOracle} knows which rows one KV head still has and in which form; a
 * {@link dev.kvasir.samples.oracle.SelectionOracle} knows which rows a layer keeps, a {@link
 * dev.kvasir.samples.oracle.FoldOracle} how it folds them.
 */
@NullMarked
package dev.kvasir.samples.oracle;

import org.jspecify.annotations.NullMarked;
