/**
 * JMH benchmarks of the generated kernels and of the runtime, and of peers on the same data. Each
 * measures, with the same number of threads, what the machine can do at all, and checks what it
 * times against the definition.
 */
@NullMarked
package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullMarked;
