/** From files to a plan: opens a model directory, runs the compiler's stages, writes the plan. */
@NullMarked
package dev.kvasir.codegen.driver;

import org.jspecify.annotations.NullMarked;
