/** Tests of random policies over random models. */
@NullMarked
package dev.kvasir.fuzz.plan;

import org.jspecify.annotations.NullMarked;
