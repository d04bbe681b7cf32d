/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.check;

import org.jspecify.annotations.NullMarked;
