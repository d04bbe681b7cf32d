/** The static memory plan of a session, {@code memory.json}. */
@NullMarked
package dev.kvasir.plans.memory;

import org.jspecify.annotations.NullMarked;
