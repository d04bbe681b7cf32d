/** Tests of the {@code tornado} target. */
@NullMarked
package dev.kvasir.codegen.emit.tornado;

import org.jspecify.annotations.NullMarked;
