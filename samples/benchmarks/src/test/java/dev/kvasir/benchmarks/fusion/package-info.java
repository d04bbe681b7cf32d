@NullMarked
package dev.kvasir.benchmarks.fusion;

import org.jspecify.annotations.NullMarked;
