package dev.kvasir.ir.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Case files whose expected diagnostics are comments in the input, below the place they point to:
 *
 * <pre>
 * // an unknown technique
 * policy p {
 *   use group-head(retrieval = [1]);
 * //    ^^^^^^^^^^ error[KV2001]: no technique is named group-head
 * // note: did you mean group-heads?
 * }
 * // -----
 * </pre>
 *
 * <p>Cases are split by {@code // -----} lines and named by their first comment. The comments of
 * expectation are taken out before a case is run and put back from what was reported, so that text,
 * place and absence of every diagnostic are compared at once. A case without such comments expects
 * none. A place in the first two columns cannot be marked: indent the line.
 */
public final class DiagnosticCases {
  private static final Pattern EXPECTATION =
      Pattern.compile("//( *\\^+ (error|warning|note)[:\\[]| note: ).*");

  private DiagnosticCases() {}

  /**
   * A test for each case of a file.
   *
   * @param anchor the class whose package holds the file
   * @param resource the file's name
   * @param run reports what is wrong with a text
   */
  public static Stream<DynamicTest> of(
      Class<?> anchor, String resource, Function<SourceText, List<Diagnostic>> run) {
    return cases(anchor, resource).stream()
        .map(
            text ->
                DynamicTest.dynamicTest(
                    resource + ": " + text.lines().findFirst().orElse(""),
                    () -> check(resource, text, run)));
  }

  /** The cases of a file, each ending with a line end. */
  public static List<String> cases(Class<?> anchor, String resource) {
    List<String> cases =
        Stream.of(read(anchor, resource).split("(?m)^// -----\n", -1))
            .filter(text -> !text.isBlank())
            .toList();
    assertThat(cases).as("cases of %s", resource).isNotEmpty();
    return cases;
  }

  private static void check(
      String resource, String text, Function<SourceText, List<Diagnostic>> run) {
    List<String> lines = text.lines().filter(line -> !EXPECTATION.matcher(line).matches()).toList();
    String input = String.join("\n", lines) + "\n";
    List<Diagnostic> found = run.apply(new SourceText(resource, input));
    assertThat(annotate(lines, found)).isEqualTo(text);
  }

  private static String annotate(List<String> lines, List<Diagnostic> found) {
    Map<Integer, List<String>> comments = new TreeMap<>();
    for (Diagnostic diagnostic : found) {
      SourceSpan span =
          diagnostic
              .span()
              .orElseThrow(() -> new AssertionError("no place in the text: " + diagnostic));
      String head =
          diagnostic.severity().word()
              + "["
              + diagnostic.code().code()
              + "]: "
              + diagnostic.message();
      List<String> below = comments.computeIfAbsent(lineOf(span), _ -> new ArrayList<>());
      below.add(point(span, head));
      for (Diagnostic.Note note : diagnostic.notes()) {
        Optional<SourceSpan> second = note.span();
        if (second.isPresent()) {
          comments
              .computeIfAbsent(lineOf(second.get()), _ -> new ArrayList<>())
              .add(point(second.get(), "note: " + note.message()));
        } else {
          below.add("// note: " + note.message());
        }
      }
    }
    StringBuilder annotated = new StringBuilder();
    for (int line = 1; line <= lines.size(); line++) {
      annotated.append(lines.get(line - 1)).append('\n');
      annotated.append(
          comments.getOrDefault(line, List.of()).stream()
              .map(comment -> comment + "\n")
              .collect(Collectors.joining()));
    }
    return annotated.toString();
  }

  private static int lineOf(SourceSpan span) {
    return span.position().line();
  }

  private static String point(SourceSpan span, String message) {
    int column = span.position().column();
    assertThat(column).as("column of a place that comments can mark").isGreaterThan(2);
    String firstLine = span.text().lines().findFirst().orElse("");
    int length = Math.max(1, firstLine.codePointCount(0, firstLine.length()));
    return "//" + " ".repeat(column - 3) + "^".repeat(length) + " " + message;
  }

  private static String read(Class<?> anchor, String resource) {
    try (InputStream input = anchor.getResourceAsStream(resource)) {
      if (input == null) {
        throw new AssertionError("no case file " + resource + " beside " + anchor);
      }
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new AssertionError("case file " + resource, failure);
    }
  }
}
