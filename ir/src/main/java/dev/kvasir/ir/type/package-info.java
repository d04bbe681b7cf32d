/** Types shared by the graph and the kernels: element formats, tensors, caches. */
@NullMarked
package dev.kvasir.ir.type;

import org.jspecify.annotations.NullMarked;
