package dev.kvasir.benchmarks.gpu;

import dev.kvasir.codegen.skeleton.KernelBuilder;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/** Kernels that do nothing but what a device is limited by. Grid: sequence, block. */
final class LimitKernels {

  /** Elements that a grid point of the arithmetic kernel works on. */
  static final int ARITHMETIC_WIDTH = 512;

  private static final int POLYNOMIAL = 128;
  private static final int REPEATS = 32;

  private LimitKernels() {}

  /** {@return {@code target} = {@code source}, {@code width} f32 elements a grid point} */
  static Kernel copy(String name, int width) {
    KernelBuilder kernel = new KernelBuilder(name, "block");
    String source = kernel.reads("source", ElementFormat.F32);
    String target = kernel.writes("target", ElementFormat.F32);
    String line = kernel.tile("line", 1, width);
    kernel.load(line, View.rows(source, 1, width, kernel.axis("block"), width));
    kernel.store(View.rows(target, 1, width, kernel.axis("block"), width), line);
    return kernel.build();
  }

  /** {@return values of polynomials of a high degree, by Horner's rule} */
  static Kernel arithmetic(String name) {
    KernelBuilder kernel = new KernelBuilder(name, "block");
    String source = kernel.reads("source", ElementFormat.F32);
    String target = kernel.writes("target", ElementFormat.F32);
    String place = kernel.tile("place", 1, ARITHMETIC_WIDTH);
    String value = kernel.tile("value", 1, ARITHMETIC_WIDTH);
    kernel.load(
        place, View.rows(source, 1, ARITHMETIC_WIDTH, kernel.axis("block"), ARITHMETIC_WIDTH));
    kernel.map(value, TileExpression.element(place));
    TileExpression sum = TileExpression.element(value);
    for (int i = 0; i < POLYNOMIAL; i++) {
      sum = sum.times(TileExpression.element(place)).plus(TileExpression.element(value));
    }
    TileExpression polynomial = sum;
    kernel.loop(
        "repeat",
        IntExpression.constant(0),
        IntExpression.constant(REPEATS),
        repeat -> kernel.map(value, polynomial));
    kernel.store(
        View.rows(target, 1, ARITHMETIC_WIDTH, kernel.axis("block"), ARITHMETIC_WIDTH), value);
    return kernel.build();
  }

  /** {@return what {@link #arithmetic} makes of a number in single precision, unfused} */
  static float polynomials(float place) {
    float value = place;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      float sum = value;
      for (int i = 0; i < POLYNOMIAL; i++) {
        sum = sum * place + value;
      }
      value = sum;
    }
    return value;
  }

  /** {@return multiplications and additions of a grid point of {@link #arithmetic}} */
  static double operationsOfPoint() {
    return 2.0 * POLYNOMIAL * REPEATS * ARITHMETIC_WIDTH;
  }
}
