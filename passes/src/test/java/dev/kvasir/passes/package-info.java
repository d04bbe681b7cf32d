/** Tests of the pipeline. */
@NullMarked
package dev.kvasir.passes;

import org.jspecify.annotations.NullMarked;
