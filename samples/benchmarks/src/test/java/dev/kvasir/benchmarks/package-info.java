/** Tests of what is timed. */
@org.jspecify.annotations.NullMarked
package dev.kvasir.benchmarks;
