/**
 * What was measured once on a model, as files: {@link
 * dev.kvasir.codegen.calibration.HeadCalibration} and the tables it can be made of.
 */
@NullMarked
package dev.kvasir.codegen.calibration;

import org.jspecify.annotations.NullMarked;
