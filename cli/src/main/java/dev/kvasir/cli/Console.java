package dev.kvasir.cli;

import java.io.PrintWriter;

/**
 * Where a verb writes.
 *
 * @param out results only
 * @param err progress, logs and errors
 * @param outIsTerminal whether a person reads {@code out} directly
 * @param errIsTerminal whether a person reads {@code err} directly, so that progress can be drawn
 */
record Console(PrintWriter out, PrintWriter err, boolean outIsTerminal, boolean errIsTerminal) {}
