/** Facts computed from a graph. */
@NullMarked
package dev.kvasir.passes.analysis;

import org.jspecify.annotations.NullMarked;
