/** Runs all benchmarks in interleaved rounds and writes tables and plots of what they measured. */
@NullMarked
package dev.kvasir.benchmarks.suite;

import org.jspecify.annotations.NullMarked;
