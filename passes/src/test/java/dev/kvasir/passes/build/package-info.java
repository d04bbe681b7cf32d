/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.build;

import org.jspecify.annotations.NullMarked;
