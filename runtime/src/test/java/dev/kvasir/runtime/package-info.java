/** Tests of the runtime over a toy model. */
@NullMarked
package dev.kvasir.runtime;

import org.jspecify.annotations.NullMarked;
