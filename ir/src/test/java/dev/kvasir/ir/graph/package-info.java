/** Tests of the graph IR. */
@NullMarked
package dev.kvasir.ir.graph;

import org.jspecify.annotations.NullMarked;
