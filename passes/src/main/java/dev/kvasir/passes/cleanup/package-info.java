/** Takes away what nothing needs. */
@NullMarked
package dev.kvasir.passes.cleanup;

import org.jspecify.annotations.NullMarked;
