/** How compiled kernels are named and called. */
@NullMarked
package dev.kvasir.plans.abi;

import org.jspecify.annotations.NullMarked;
