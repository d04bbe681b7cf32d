package dev.kvasir.ir.diag;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One thing the user should know, with its place and a way out.
 *
 * <pre>
 * chat.kvp:3:29: error[KV2004]: window must be at least 1, got 0
 *   use select-window(window = 0);
 *                              ^
 * note: window is the number of neighbouring rows kept together
 * </pre>
 *
 * @param severity whether the stage can go on
 * @param code the stable code
 * @param span the range that is pointed at, where a text is at fault
 * @param place what is at fault where no text is, such as a file path or an option; the start of
 *     the span otherwise; empty when there is nothing to name
 * @param message one sentence without a full stop, naming what was allowed and what was found
 * @param notes further facts, in order
 */
public record Diagnostic(
    Severity severity,
    DiagnosticCode code,
    Optional<SourceSpan> span,
    String place,
    String message,
    List<Note> notes) {

  /**
   * A further fact of a diagnostic.
   *
   * @param message one sentence without a full stop
   * @param span a second place to look at, rendered after the sentence
   */
  public record Note(String message, Optional<SourceSpan> span) {}

  /** Copies the notes. */
  public Diagnostic {
    notes = List.copyOf(notes);
  }

  /** An error at a range of a text. */
  public static Diagnostic error(DiagnosticCode code, SourceSpan span, String message) {
    return new Diagnostic(
        Severity.ERROR, code, Optional.of(span), span.toString(), message, List.of());
  }

  /** An error at a plain place: a file path, an option; empty when there is nothing to name. */
  public static Diagnostic error(DiagnosticCode code, String place, String message) {
    return new Diagnostic(Severity.ERROR, code, Optional.empty(), place, message, List.of());
  }

  /** A warning at a range of a text. */
  public static Diagnostic warning(DiagnosticCode code, SourceSpan span, String message) {
    return new Diagnostic(
        Severity.WARNING, code, Optional.of(span), span.toString(), message, List.of());
  }

  /** A warning at a plain place: a file path, an option; empty when there is nothing to name. */
  public static Diagnostic warning(DiagnosticCode code, String place, String message) {
    return new Diagnostic(Severity.WARNING, code, Optional.empty(), place, message, List.of());
  }

  /** This diagnostic with one more note. */
  public Diagnostic withNote(String note) {
    return with(new Note(note, Optional.empty()));
  }

  /** This diagnostic with one more note that points to a second place. */
  public Diagnostic withNote(String note, SourceSpan second) {
    return with(new Note(note, Optional.of(second)));
  }

  /**
   * The text a user reads: the first line {@code place: error[code]: message}, the source line and
   * its carets, then the notes. Lines are separated by {@code \n}; no line end after the last.
   * Control characters of the user's text, which could drive a terminal, are replaced.
   */
  public String render() {
    StringBuilder text = new StringBuilder();
    if (!place.isEmpty()) {
      text.append(place).append(": ");
    }
    text.append(severity.word()).append('[').append(code.code()).append("]: ").append(message);
    span.ifPresent(range -> appendExcerpt(text, range));
    for (Note note : notes) {
      text.append("\nnote: ").append(note.message());
      note.span()
          .ifPresent(
              range -> {
                text.append(" (").append(range).append(')');
                appendExcerpt(text, range);
              });
    }
    return withoutControlCharacters(text.toString());
  }

  /** The rendered text. */
  @Override
  public String toString() {
    return render();
  }

  private Diagnostic with(Note note) {
    List<Note> extended = new ArrayList<>(notes);
    extended.add(note);
    return new Diagnostic(severity, code, span, place, message, extended);
  }

  private static void appendExcerpt(StringBuilder text, SourceSpan range) {
    String excerpt = range.source().excerpt(range.start(), range.end());
    if (!excerpt.isEmpty()) {
      text.append('\n').append(excerpt);
    }
  }

  private static String withoutControlCharacters(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .map(
            character ->
                Character.isISOControl(character) && character != '\n' && character != '\t'
                    ? '\uFFFD'
                    : character)
        .forEach(clean::appendCodePoint);
    return clean.toString();
  }
}
