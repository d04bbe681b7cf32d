/** What the tests of passes share: case files, small models. */
@NullMarked
package dev.kvasir.passes.testing;

import org.jspecify.annotations.NullMarked;
