/**
 * Tries damaged and hostile plan and model files on everything that reads them.
 *
 * <p>{@link dev.kvasir.fuzz.Mutants} makes a mutant of a sound file from a seed and an index alone,
 * {@link dev.kvasir.fuzz.Trial} hands it to readers, checkers, the class verifier and the loader,
 * {@link dev.kvasir.fuzz.FuzzRun} counts what became of it. A mutant may be accepted or refused
 * with a declared error; anything else, or more than a second of processor time, is a finding.
 */
@NullMarked
package dev.kvasir.fuzz;

import org.jspecify.annotations.NullMarked;
