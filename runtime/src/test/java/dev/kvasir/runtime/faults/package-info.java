/** What becomes of the runtime when the world around it fails. */
@NullMarked
package dev.kvasir.runtime.faults;

import org.jspecify.annotations.NullMarked;
