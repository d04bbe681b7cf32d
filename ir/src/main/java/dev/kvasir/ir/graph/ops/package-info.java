/**
 * The operations of the graph IR, one record a file: formula, shapes, checks and the naive
 * evaluation that defines it. {@link dev.kvasir.ir.graph.ops.Ops} lists them.
 */
@NullMarked
package dev.kvasir.ir.graph.ops;

import org.jspecify.annotations.NullMarked;
