package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.KernelText.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What is known of a place before a kernel runs, and how codes lie in blocks because of it. */
class ResidueTest {

  private static final IntExpression PAGE = new IntExpression.Variable("page");

  private static View rows(int line, int columns, long stride, IntExpression offset) {
    return new View(
        "v", new View.Layout.Rows(64, 0, line), 64, columns, PAGE, stride, offset, ZERO);
  }

  @Test
  void followsConstantsAndMultiples() {
    Residue residue = new Residue(128);
    IntExpression constant = IntExpression.constant(160);
    assertThat(residue.ofStart(rows(64, 32, 8192, constant))).isEqualTo(OptionalLong.of(32));
    assertThat(residue.ofStart(rows(64, 32, 8192, PAGE.times(256).plus(constant))))
        .isEqualTo(OptionalLong.of(32));
    assertThat(residue.ofStart(rows(64, 32, 8192 + 64, constant))).isEmpty();
    assertThat(residue.ofStart(rows(64, 32, 8192, PAGE.times(64)))).isEmpty();
    assertThat(residue.ofStart(rows(64, 32, 8192, PAGE))).isEmpty();
    View keys =
        new View("k", new View.Layout.Columns(64), 32, 16, PAGE, 8192, ZERO, ZERO)
            .fromRow(IntExpression.constant(32), 32);
    assertThat(residue.ofStart(keys)).isEqualTo(OptionalLong.of(32));
  }

  @Test
  void takesAsManyLinesAsABlockHas() {
    View values = rows(64, 32, 8192, IntExpression.constant(32));
    assertThat(CodeLines.of(ElementFormat.U4, values, 0, 32, 64, 64))
        .isEqualTo(Optional.of(new CodeLines(32, 2, 64)));
    assertThat(CodeLines.of(ElementFormat.U8, values, 0, 32, 64, 64))
        .isEqualTo(Optional.of(new CodeLines(32, 1, 64)));
    assertThat(CodeLines.of(ElementFormat.U4, rows(256, 64, 8192, ZERO), 64, 64, 256, 64))
        .isEqualTo(Optional.of(new CodeLines(64, 1, 256)));
  }

  @Test
  void leavesAloneWhatIsNotAlikeInEveryBlock() {
    View values = rows(64, 64, 8192, IntExpression.constant(32));
    assertThat(CodeLines.of(ElementFormat.U8, values, 0, 64, 64, 64)).isEmpty();
    assertThat(CodeLines.of(ElementFormat.U4, rows(64, 64, 8192, ZERO), 0, 64, 64, 63)).isEmpty();
    assertThat(CodeLines.of(ElementFormat.U8, rows(48, 48, 8192, ZERO), 0, 48, 48, 64)).isEmpty();
    assertThat(CodeLines.of(ElementFormat.F32, rows(64, 64, 8192, ZERO), 0, 64, 64, 64)).isEmpty();
  }
}
