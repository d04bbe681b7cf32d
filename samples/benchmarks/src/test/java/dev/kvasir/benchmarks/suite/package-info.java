/** Tests of the suite's figures and pages. */
@org.jspecify.annotations.NullMarked
package dev.kvasir.benchmarks.suite;
