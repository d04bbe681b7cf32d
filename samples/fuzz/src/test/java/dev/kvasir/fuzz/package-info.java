/** Tests of the readers by the fuzzer, and of the fuzzer. */
@NullMarked
package dev.kvasir.fuzz;

import org.jspecify.annotations.NullMarked;
