/**
 * The {@code jvm} target: kernels become class files over the Vector API.
 *
 * <p>Tiles live in one {@code float[]} and one {@code int[]} that stay in the first-level cache.
 * The entry method holds the uniform control and calls one small static method for each contraction
 * or pointwise phase; vectors never cross a method and are never merged over a branch, so that the
 * just-in-time compiler keeps all of them in registers.
 */
@NullMarked
package dev.kvasir.codegen.emit.jvm;

import org.jspecify.annotations.NullMarked;
