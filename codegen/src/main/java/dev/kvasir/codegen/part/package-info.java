/**
 * What techniques contribute to kernels. A segment part says which rows of a segment a query may
 * see and in which pages they lie; skeletons turn that into loops and masks.
 */
@NullMarked
package dev.kvasir.codegen.part;

import org.jspecify.annotations.NullMarked;
