/**
 * What a plan's cache does to answers: texts with planted keys and plain prose, made from a seed,
 * read under each plan and under caches of equal bytes that keep other rows.
 *
 * <p>Lengths count everything, context, question and answer, in tokens. The context is read, and
 * compressed, before the question is seen.
 */
@NullMarked
package dev.kvasir.cli.eval;

import org.jspecify.annotations.NullMarked;
