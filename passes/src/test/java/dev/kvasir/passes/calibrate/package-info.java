/** Tests of measurements of a model. */
@NullMarked
package dev.kvasir.passes.calibrate;

import org.jspecify.annotations.NullMarked;
