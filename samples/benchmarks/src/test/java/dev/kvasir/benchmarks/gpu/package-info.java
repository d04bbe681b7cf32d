@NullMarked
package dev.kvasir.benchmarks.gpu;

import org.jspecify.annotations.NullMarked;
