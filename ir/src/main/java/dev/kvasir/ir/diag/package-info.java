/**
 * What every stage of the compiler says to its user, and how.
 *
 * <p>A mistake of the user is a {@link dev.kvasir.ir.diag.Diagnostic}: a stable {@link
 * dev.kvasir.ir.diag.DiagnosticCode}, a place (a {@link dev.kvasir.ir.diag.SourceSpan} of a text,
 * or a plain place such as a file path), a message and notes that say a way out. A stage collects
 * its diagnostics in {@link dev.kvasir.ir.diag.Diagnostics} and ends with {@code throwIfErrors()},
 * which throws one {@link dev.kvasir.ir.diag.CompileException} with all of them. A broken invariant
 * of the compiler itself is a {@link dev.kvasir.ir.diag.CompilerBug}, never a diagnostic.
 */
@NullMarked
package dev.kvasir.ir.diag;

import org.jspecify.annotations.NullMarked;
