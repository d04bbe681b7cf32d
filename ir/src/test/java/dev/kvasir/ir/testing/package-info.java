/** What the tests of this module and of the modules above it share. */
@NullMarked
package dev.kvasir.ir.testing;

import org.jspecify.annotations.NullMarked;
