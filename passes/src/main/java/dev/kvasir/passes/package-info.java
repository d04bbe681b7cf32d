/** Graph to graph, one idea a file: techniques, analyses, and the order they run in. */
@NullMarked
package dev.kvasir.passes;

import org.jspecify.annotations.NullMarked;
