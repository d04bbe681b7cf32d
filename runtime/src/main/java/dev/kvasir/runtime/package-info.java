/**
 * Loads a plan and runs its program: sessions, caches, back ends, tokenizer and sampler. It knows
 * plans and no technique.
 */
@NullMarked
package dev.kvasir.runtime;

import org.jspecify.annotations.NullMarked;
