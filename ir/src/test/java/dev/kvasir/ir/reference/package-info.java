/** Tests of the reference evaluator. */
@NullMarked
package dev.kvasir.ir.reference;

import org.jspecify.annotations.NullMarked;
