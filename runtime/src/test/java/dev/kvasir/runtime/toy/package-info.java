/**
 * A plan of a toy model, whose kernels are small enough to be predicted by hand: the runtime's
 * tests need neither the compiler nor a trained model.
 */
@NullMarked
package dev.kvasir.runtime.toy;

import org.jspecify.annotations.NullMarked;
