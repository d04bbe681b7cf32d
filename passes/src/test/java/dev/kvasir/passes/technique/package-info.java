/** Tests of this package. */
@NullMarked
package dev.kvasir.passes.technique;

import org.jspecify.annotations.NullMarked;
