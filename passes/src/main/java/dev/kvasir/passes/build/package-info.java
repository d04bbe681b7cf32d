/** From a model's configuration to its graph. */
@NullMarked
package dev.kvasir.passes.build;

import org.jspecify.annotations.NullMarked;
