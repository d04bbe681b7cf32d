/** Tests of the kernel IR. */
@NullMarked
package dev.kvasir.ir.kernel;

import org.jspecify.annotations.NullMarked;
