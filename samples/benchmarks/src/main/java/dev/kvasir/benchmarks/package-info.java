/** JMH benchmarks of generated kernels, next to what the memory of the same machine can do. */
@NullMarked
package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullMarked;
