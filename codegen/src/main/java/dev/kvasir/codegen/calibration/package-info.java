/**
 * What was measured once on a model or trained for it, as files: {@link
 * dev.kvasir.codegen.calibration.HeadCalibration} and the tables it can be made of, {@link
 * dev.kvasir.codegen.calibration.ConvCalibration}.
 */
@NullMarked
package dev.kvasir.codegen.calibration;

import org.jspecify.annotations.NullMarked;
