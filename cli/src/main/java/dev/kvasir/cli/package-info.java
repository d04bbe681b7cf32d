/** The {@code kvasir} command: results on stdout, progress and errors on stderr. */
@NullMarked
package dev.kvasir.cli;

import org.jspecify.annotations.NullMarked;
