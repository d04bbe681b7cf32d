/** The techniques a policy can use, each a rewrite of what caches hold. */
@NullMarked
package dev.kvasir.passes.technique;

import org.jspecify.annotations.NullMarked;
