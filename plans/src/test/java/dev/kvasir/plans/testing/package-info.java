/** Plans for the tests of this module and of those above it. */
@NullMarked
package dev.kvasir.plans.testing;

import org.jspecify.annotations.NullMarked;
