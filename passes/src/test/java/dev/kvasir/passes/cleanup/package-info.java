/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.cleanup;

import org.jspecify.annotations.NullMarked;
