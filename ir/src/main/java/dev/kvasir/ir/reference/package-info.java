/**
 * The oracle: a naive double-precision interpreter of graphs. It shares no kernel, layout or
 * selection code with what it checks; every value that a graph defines can be looked at.
 */
@NullMarked
package dev.kvasir.ir.reference;

import org.jspecify.annotations.NullMarked;
