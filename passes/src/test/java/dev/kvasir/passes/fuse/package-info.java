/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.fuse;

import org.jspecify.annotations.NullMarked;
