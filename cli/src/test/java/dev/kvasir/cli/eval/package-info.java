/** Contexts, baselines and comparisons of {@code eval}. */
@NullMarked
package dev.kvasir.cli.eval;

import org.jspecify.annotations.NullMarked;
