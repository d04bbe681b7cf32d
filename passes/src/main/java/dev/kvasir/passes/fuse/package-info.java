/** Joins operations that become one kernel. */
@NullMarked
package dev.kvasir.passes.fuse;

import org.jspecify.annotations.NullMarked;
