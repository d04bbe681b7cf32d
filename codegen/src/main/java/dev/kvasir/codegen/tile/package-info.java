/**
 * How work is cut: sizes of tiles, splits and spans, chosen from shapes and a description of the
 * target alone, never from the machine that compiles, so that equal inputs give equal plans
 * everywhere. A plan's manifest records what was chosen; {@code kvasir compile --tile NAME=N}
 * overrides it.
 */
@NullMarked
package dev.kvasir.codegen.tile;

import org.jspecify.annotations.NullMarked;
