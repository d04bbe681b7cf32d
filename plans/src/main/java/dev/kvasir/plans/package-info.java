/** What crosses the wall between compiler and runtime: the plan file and what is in it. */
@NullMarked
package dev.kvasir.plans;

import org.jspecify.annotations.NullMarked;
