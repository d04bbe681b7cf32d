/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.analysis;

import org.jspecify.annotations.NullMarked;
