/** What techniques that are fused into kernels cost beside attention that knows none of them. */
@NullMarked
package dev.kvasir.benchmarks.fusion;

import org.jspecify.annotations.NullMarked;
