package dev.kvasir.ir.diag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SourceTextTest {
  @Test
  void countsLinesAfterEveryKindOfLineEnd() {
    SourceText text = new SourceText("t", "a\nb\r\nc\rd");

    assertThat(text.position(text.text().indexOf('a'))).hasToString("1:1");
    assertThat(text.position(1)).hasToString("1:2");
    assertThat(text.position(text.text().indexOf('b'))).hasToString("2:1");
    assertThat(text.position(text.text().indexOf('c'))).hasToString("3:1");
    assertThat(text.position(text.text().indexOf('d'))).hasToString("4:1");
    assertThat(text.position(text.length())).hasToString("4:2");
  }

  @Test
  void countsColumnsInCodePoints() {
    SourceText text = new SourceText("t", "x\n\uD83D\uDE42\u00E9y");

    assertThat(text.position(text.text().indexOf('y'))).isEqualTo(new SourcePosition(2, 3));
  }

  @Test
  void pointsWithCaretsBelowTheRange() {
    SourceText text = new SourceText("t", "first\nlet wrong = 1;\nlast");
    int start = text.text().indexOf("wrong");

    assertThat(text.excerpt(start, start + 5)).isEqualTo("let wrong = 1;\n    ^^^^^");
    assertThat(text.excerpt(start, start)).isEqualTo("let wrong = 1;\n    ^");
    assertThat(text.excerpt(text.length(), text.length())).isEqualTo("last\n    ^");
  }

  @Test
  void keepsTabsAboveTheCarets() {
    assertThat(new SourceText("t", "\ta\tb").excerpt(3, 4)).isEqualTo("\ta\tb\n\t \t^");
  }

  @Test
  void pointsToTheFirstLineOfALongerRange() {
    assertThat(new SourceText("t", "one two\nthree").excerpt(4, 13)).isEqualTo("one two\n    ^^^");
  }

  @Test
  void showsNothingOfABlankLine() {
    assertThat(new SourceText("t", "").excerpt(0, 0)).isEmpty();
    assertThat(new SourceText("t", "a\n  \nb").excerpt(3, 3)).isEmpty();
  }

  @Test
  void cutsLongLinesAroundTheRange() {
    SourceText text = new SourceText("t", "a".repeat(1000) + "WRONG" + "b".repeat(1000));

    assertThat(text.excerpt(1000, 1005))
        .isEqualTo(
            "..." + "a".repeat(60) + "WRONG" + "b".repeat(95) + "...\n" + " ".repeat(63) + "^^^^^");
    assertThat(text.excerpt(0, 2005)).isEqualTo("a".repeat(160) + "...\n" + "^".repeat(160));
  }

  @Test
  void spansStayWithinTheirText() {
    SourceText text = new SourceText("t", "abc");

    assertThat(text.span(0, 1).to(text.span(2, 3)).text()).isEqualTo("abc");
    assertThat(text.span(1, 3)).hasToString("t:1:2");
    assertThatIllegalArgumentException().isThrownBy(() -> text.span(2, 4));
    assertThatIllegalArgumentException().isThrownBy(() -> text.span(2, 1));
  }
}
