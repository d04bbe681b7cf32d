/** Tests of calibration files. */
@NullMarked
package dev.kvasir.codegen.calibration;

import org.jspecify.annotations.NullMarked;
