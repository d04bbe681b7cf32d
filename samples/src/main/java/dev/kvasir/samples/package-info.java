/** Programs to read and run: they compile the sample model, load the plan and decode. */
@NullMarked
package dev.kvasir.samples;

import org.jspecify.annotations.NullMarked;
