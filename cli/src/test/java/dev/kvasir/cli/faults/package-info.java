/** What becomes of plan files and commands when the world around them fails. */
@NullMarked
package dev.kvasir.cli.faults;

import org.jspecify.annotations.NullMarked;
