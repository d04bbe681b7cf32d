/**
 * Graph to kernels and program: skeletons, technique parts, the lowerings of each target, buffer
 * planning, and the driver that writes a plan.
 */
@NullMarked
package dev.kvasir.codegen;

import org.jspecify.annotations.NullMarked;
