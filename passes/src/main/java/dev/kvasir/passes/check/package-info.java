/** Facts that hold for a finished graph, each in a checker of its own. */
@NullMarked
package dev.kvasir.passes.check;

import org.jspecify.annotations.NullMarked;
