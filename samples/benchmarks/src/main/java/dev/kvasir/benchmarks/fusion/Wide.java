package dev.kvasir.benchmarks.fusion;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Rows of bf16 as vectors of floats. */
final class Wide {

  /** Vectors of this machine. */
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

  /** Elements of a vector. */
  static final int LANES = FLOATS.length();

  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

  private Wide() {}

  /** {@return neighbours from element {@code at} on} */
  static FloatVector load(short[] rows, int at) {
    return ShortVector.fromArray(SHORTS, rows, at)
        .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
        .reinterpretAsInts()
        .lanewise(VectorOperators.LSHL, Short.SIZE)
        .reinterpretAsFloats();
  }

  /** Widens {@code count} elements, a multiple of the lanes. */
  static void copy(short[] rows, int from, float[] to, int count) {
    for (int i = 0; i < count; i += LANES) {
      load(rows, from + i).intoArray(to, i);
    }
  }
}
