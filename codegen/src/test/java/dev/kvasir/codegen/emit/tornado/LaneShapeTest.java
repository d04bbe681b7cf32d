package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which products have neighbouring threads read neighbouring weights. */
final class LaneShapeTest {

  private static Statement.DotNT dot(View right) {
    return new Statement.DotNT("c", new Statement.Operand.OfTile("a"), right, false);
  }

  private static Kernel kernel(int rows, int length, View right) {
    return new SmallKernel()
        .reads("left")
        .reads("right")
        .tile("a", rows, length)
        .tile("c", rows, right.rows())
        .of(new Statement.Load("a", whole("left", rows, length)), dot(right));
  }

  private static Optional<LaneShape> shape(int rows, int columns, int length, int mostSums) {
    View right = whole("right", columns, length);
    return LaneShape.of(kernel(rows, length, right), dot(right), mostSums);
  }

  @ParameterizedTest
  @CsvSource({
    // A step of decoding reads each weight once, by whole warps.
    "1, 8, 4096, 1, 2, 32",
    "1, 16, 4096, 1, 4, 32",
    "1, 64, 2048, 1, 16, 32",
    "1, 1, 4096, 1, 1, 128",
    // All rows of a group share a minimum's product.
    "4, 1, 128, 4, 1, 32",
    "8, 2, 128, 8, 1, 32",
    "3, 4, 96, 3, 1, 16",
    "6, 8, 512, 6, 2, 32"
  })
  void aBlockOfResultsHasAWarpWhereThereIsOne(
      int targetRows, int targetColumns, int length, int rows, int columns, int lanes) {
    assertThat(shape(targetRows, targetColumns, length, 16))
        .contains(new LaneShape(targetRows, targetColumns, length, rows, columns, lanes));
  }

  @ParameterizedTest
  @CsvSource({"16, 64, 4096, 16", "1, 8, 16, 16", "1, 64, 4096, 1", "1, 8, 4096, 0"})
  void manyResultsAndShortOnesHaveAThreadEach(int rows, int columns, int length, int mostSums) {
    assertThat(shape(rows, columns, length, mostSums)).isEmpty();
  }

  @Test
  void pagesHaveAThreadForEachColumn() {
    View keys = view("right", new View.Layout.Columns(64), 64, 128, 0, 0);
    assertThat(LaneShape.of(kernel(1, 128, keys), dot(keys), 16)).isEmpty();
  }

  @Test
  void scratchStaysWithinLocalMemory() {
    // Two tiles of 23 KiB leave room for three sums of each thread.
    View right = whole("right", 16, 5_888);
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .tile("a", 1, 5_888)
            .tile("b", 1, 5_888)
            .tile("c", 1, 16)
            .of(
                new Statement.Load("a", whole("left", 1, 5_888)),
                new Statement.Load("b", whole("left", 1, 5_888)),
                dot(right));
    LocalMemory memory = LocalMemory.of(kernel);
    assertThat(memory.mostSums()).isEqualTo(3);
    assertThat(memory.bytes()).isLessThanOrEqualTo(LocalMemory.LIMIT);
    assertThat(LaneShape.of(kernel, dot(right), memory.mostSums()))
        .hasValueSatisfying(shape -> assertThat(shape.sums()).isEqualTo(2));
  }
}
