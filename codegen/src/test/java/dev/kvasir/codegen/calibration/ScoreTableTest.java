package dev.kvasir.codegen.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables for a model of 2 layers with 3 KV heads. */
class ScoreTableTest {
  @TempDir private Path folder;

  @Test
  void aLineIsALayerAndAColumnAHead() {
    // As numpy.savetxt writes it, and as people may.
    String written =
        """
        9.882354736328125000e-01\t0.000000000000000000e+00\t1.000000000000000000e+00
        5e-1\t+1\t-.25
        """;
    String byHand = "\r\n0.9882354736328125 0 1\r\n\r\n  0.5\t1.  -0.25  \r\n\r\n";

    assertThat(ScoreTable.parse(new SourceText("a.tsv", written), 2, 3))
        .containsExactly((float) 0.9882354736328125, 0f, 1f, 0.5f, 1f, -0.25f)
        .isEqualTo(ScoreTable.parse(new SourceText("b.tsv", byHand), 2, 3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "1 2 3|4 5; 2:4; got 2 columns",
        "1 2 3|4 5 6 7; 2:7; got another column",
        "1 2 3|4 5 6|7 8 9; 3:1; got another line",
        "1 2 3|; 2:1; got 1 lines",
        "''; 1:1; got 0 lines",
        "1 2 3|4 x 6; 2:3; expected a finite number",
        "1 2 3|4 nan 6; 2:3; expected a finite number",
        "1 2 3|4 1e99 6; 2:3; expected a finite number",
        "1 2 3|4 0x1p3 6; 2:3; expected a finite number",
        "1,2,3|4,5,6; 1:1; expected a finite number",
        "1 2 3|4 5 6f; 2:5; expected a finite number"
      })
  void anotherShapeIsPointedAt(String lines, String place, String problem) {
    String text = lines.equals("''") ? "" : lines.replace('|', '\n');

    assertThatThrownBy(() -> ScoreTable.parse(new SourceText("heads.tsv", text), 2, 3))
        .isInstanceOf(CompileException.class)
        .hasMessageStartingWith("heads.tsv:" + place + ": error[KV3021]: ")
        .hasMessageContaining(problem)
        .hasMessageEndingWith(
            "note: a table has a line for each layer and a number for each KV head, with tabs"
                + " between");
  }

  @Test
  void whatIsNoTextIsRefused() throws IOException {
    Path bytes = Files.write(folder.resolve("x.tsv"), new byte[] {(byte) 0xff, 0});
    Path large = Files.write(folder.resolve("large.tsv"), new byte[(16 << 20) + 1]);

    assertThatThrownBy(() -> ScoreTable.read(bytes, 2, 3))
        .hasMessageContaining("x.tsv: error[KV3021]: expected text in UTF-8");
    assertThatThrownBy(() -> ScoreTable.read(large, 2, 3))
        .hasMessageContaining("expected at most 16777216 bytes, got more");
    assertThatThrownBy(() -> ScoreTable.read(folder.resolve("none"), 2, 3))
        .hasMessageContaining("none: error[KV3021]: there is no such file");
    assertThatThrownBy(() -> ScoreTable.read(folder, 2, 3))
        .hasMessageContaining("the file cannot be read");
  }
}
