package dev.kvasir.ir.diag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiagnosticTest {
  private static final SourceText CHAT =
      new SourceText("chat.kvp", "policy chat {\n  let window = 8;\n  let window = 0;\n}\n");

  @Test
  void rendersPlaceCodeLineCaretsAndNotes() {
    Diagnostic diagnostic =
        Diagnostic.error(DiagnosticCode.OUT_OF_RANGE, CHAT.span(47, 48), "got 0")
            .withNote("window counts rows")
            .withNote("it is 8 here", CHAT.span(20, 26));

    assertThat(diagnostic.render())
        .isEqualTo(
            """
            chat.kvp:3:16: error[KV2004]: got 0
              let window = 0;
                           ^
            note: window counts rows
            note: it is 8 here (chat.kvp:2:7)
              let window = 8;
                  ^^^^^^""");
  }

  @Test
  void rendersPlainPlaces() {
    assertThat(Diagnostic.warning(DiagnosticCode.CONFIG_MISSING, "models/x", "no config"))
        .hasToString("models/x: warning[KV3001]: no config");
    assertThat(Diagnostic.error(DiagnosticCode.LIMIT_EXCEEDED, "", "too much"))
        .hasToString("error[KV5001]: too much");
  }

  @Test
  void replacesControlCharactersOfTheUsersText() {
    SourceText hostile = new SourceText("h\u001B.kvp", "\u001B[31mred\u0007");

    assertThat(
            Diagnostic.error(DiagnosticCode.UNKNOWN_CHARACTER, hostile.span(0, 1), "got \u001B")
                .render())
        .isEqualTo("h\uFFFD.kvp:1:1: error[KV1002]: got \uFFFD\n\uFFFD[31mred\uFFFD\n^");
  }

  @Test
  void collectorThrowsEverythingInTheOrderOfPlaces() {
    Diagnostics diagnostics = new Diagnostics();
    diagnostics.report(Diagnostic.error(DiagnosticCode.DUPLICATE_LET, CHAT.span(38, 44), "later"));
    diagnostics.report(Diagnostic.warning(DiagnosticCode.UNUSED_LET, CHAT.span(20, 26), "early"));

    assertThatExceptionOfType(CompileException.class)
        .isThrownBy(diagnostics::throwIfErrors)
        .satisfies(
            stopped ->
                assertThat(stopped.diagnostics())
                    .extracting(Diagnostic::message)
                    .containsExactly("early", "later"))
        .withMessage(
            """
            chat.kvp:2:7: warning[KV2009]: early
              let window = 8;
                  ^^^^^^
            chat.kvp:3:7: error[KV2008]: later
              let window = 0;
                  ^^^^^^""");
  }

  @Test
  void collectorLetsWarningsPass() {
    Diagnostics diagnostics = new Diagnostics();
    diagnostics.report(Diagnostic.warning(DiagnosticCode.UNUSED_LET, CHAT.span(20, 26), "early"));

    assertThat(diagnostics.hasErrors()).isFalse();
    assertThatCode(diagnostics::throwIfErrors).doesNotThrowAnyException();
    assertThatExceptionOfType(CompilerBug.class)
        .isThrownBy(() -> new CompileException(diagnostics.list()));
  }

  @Test
  void messageOfManyDiagnosticsIsCut() {
    Diagnostic wrong = Diagnostic.error(DiagnosticCode.CONFIG_MISSING, "x", "wrong");
    CompileException stopped = new CompileException(Collections.nCopies(103, wrong));

    assertThat(stopped.diagnostics()).hasSize(103);
    assertThat(stopped.getMessage()).hasLineCount(101).endsWith("wrong\nand 3 more");
  }

  @Test
  void codesAreUniqueAndInOrder() {
    List<String> codes = Arrays.stream(DiagnosticCode.values()).map(DiagnosticCode::code).toList();

    assertThat(codes)
        .isSorted()
        .doesNotHaveDuplicates()
        .allMatch(code -> code.matches("KV[1-5]\\d{3}"));
  }
}
