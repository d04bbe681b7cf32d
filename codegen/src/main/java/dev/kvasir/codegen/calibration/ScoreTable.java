package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table of scores as text: a line a layer, a number a KV head with tabs or spaces between, such
 * as DuoAttention's {@code full_attention_heads.tsv}. Blank lines are passed over.
 */
public final class ScoreTable {
  private static final int MOST_BYTES = 16 << 20;
  private static final Pattern LINE = Pattern.compile("[^\\r\\n]+");
  private static final Pattern CELL = Pattern.compile("[^\\s]+");
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?");
  private static final String WAY_OUT =
      "a table has a line for each layer and a number for each KV head, with tabs between";

  private final SourceText source;
  private final int layers;
  private final int kvHeads;

  private ScoreTable(SourceText source, int layers, int kvHeads) {
    this.source = source;
    this.layers = layers;
    this.kvHeads = kvHeads;
  }

  /**
   * {@return the scores in a file, layer by layer}
   *
   * @throws CompileException when it cannot be read, is no table or has another shape
   */
  public static List<Float> read(Path file, int layers, int kvHeads) {
    return parse(new SourceText(file.toString(), text(file)), layers, kvHeads);
  }

  /**
   * {@return the scores in a text, layer by layer}
   *
   * @throws CompileException when it is no table or has another shape
   */
  public static List<Float> parse(SourceText source, int layers, int kvHeads) {
    return new ScoreTable(source, layers, kvHeads).parse();
  }

  private List<Float> parse() {
    List<Float> scores = new ArrayList<>();
    Matcher line = LINE.matcher(source.text());
    while (line.find()) {
      if (!line.group().isBlank()) {
        if (scores.size() == layers * kvHeads) {
          throw invalid(source.span(line.start(), line.end()), shape("another line"));
        }
        addLine(line.start(), line.end(), scores);
      }
    }
    if (scores.size() < layers * kvHeads) {
      int end = source.length();
      throw invalid(source.span(end, end), shape("%d lines".formatted(scores.size() / kvHeads)));
    }
    return scores;
  }

  private void addLine(int start, int end, List<Float> scores) {
    Matcher cell = CELL.matcher(source.text()).region(start, end);
    int columns = 0;
    while (cell.find()) {
      SourceSpan span = source.span(cell.start(), cell.end());
      if (columns == kvHeads) {
        throw invalid(span, shape("another column"));
      }
      scores.add(number(span));
      columns++;
    }
    if (columns < kvHeads) {
      throw invalid(source.span(end, end), shape("%d columns".formatted(columns)));
    }
  }

  private static float number(SourceSpan span) {
    String text = span.text();
    float value = NUMBER.matcher(text).matches() ? Float.parseFloat(text) : Float.NaN;
    if (!Float.isFinite(value)) {
      throw invalid(span, "expected a finite number");
    }
    return value;
  }

  private String shape(String found) {
    return "expected %d lines of %d columns, as the model has layers and KV heads, got %s"
        .formatted(layers, kvHeads, found);
  }

  private static CompileException invalid(SourceSpan span, String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.SCORE_TABLE_INVALID, span, problem).withNote(WAY_OUT));
  }

  private static String text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw unreadable(file, "expected at most %d bytes, got more".formatted(MOST_BYTES));
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw unreadable(file, "expected text in UTF-8, got other bytes");
    } catch (IOException failure) {
      throw unreadable(
          file, Files.exists(file) ? "the file cannot be read" : "there is no such file");
    }
  }

  private static CompileException unreadable(Path file, String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.SCORE_TABLE_INVALID, file.toString(), problem)
            .withNote(WAY_OUT));
  }
}
