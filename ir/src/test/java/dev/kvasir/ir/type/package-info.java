/** Tests of types. */
@NullMarked
package dev.kvasir.ir.type;

import org.jspecify.annotations.NullMarked;
