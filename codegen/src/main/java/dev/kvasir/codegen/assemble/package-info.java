/** Graph to plan: which kernels run when, over which buffers, laid out in which memory. */
@NullMarked
package dev.kvasir.codegen.assemble;

import org.jspecify.annotations.NullMarked;
