package dev.kvasir.benchmarks;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How fast this machine multiplies and adds floats at all: independent chains of fused
 * multiply-adds on registers of its widest vectors.
 */
final class FusedMultiplyAdd {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int CHAINS = 12;
  private static final int STEPS = 1 << 14;
  private static final float FACTOR = 0.999_999f;

  private FusedMultiplyAdd() {}

  /** {@return multiplications and additions of one {@link #burst}} */
  static double operations() {
    return 2.0 * CHAINS * STEPS * SPECIES.length();
  }

  /** Multiplies and adds for some ten microseconds; {@return a number that depends on it all} */
  static float burst(float start) {
    FloatVector factor = FloatVector.broadcast(SPECIES, FACTOR);
    FloatVector summand = FloatVector.broadcast(SPECIES, start);
    FloatVector sum0 = summand;
    FloatVector sum1 = summand.add(1);
    FloatVector sum2 = summand.add(2);
    FloatVector sum3 = summand.add(3);
    FloatVector sum4 = summand.add(4);
    FloatVector sum5 = summand.add(5);
    FloatVector sum6 = summand.add(6);
    FloatVector sum7 = summand.add(7);
    FloatVector sum8 = summand.add(8);
    FloatVector sum9 = summand.add(9);
    FloatVector sum10 = summand.add(10);
    FloatVector sum11 = summand.add(11);
    for (int step = 0; step < STEPS; step++) {
      sum0 = sum0.fma(factor, summand);
      sum1 = sum1.fma(factor, summand);
      sum2 = sum2.fma(factor, summand);
      sum3 = sum3.fma(factor, summand);
      sum4 = sum4.fma(factor, summand);
      sum5 = sum5.fma(factor, summand);
      sum6 = sum6.fma(factor, summand);
      sum7 = sum7.fma(factor, summand);
      sum8 = sum8.fma(factor, summand);
      sum9 = sum9.fma(factor, summand);
      sum10 = sum10.fma(factor, summand);
      sum11 = sum11.fma(factor, summand);
    }
    FloatVector all = sum0.add(sum1).add(sum2).add(sum3).add(sum4).add(sum5);
    all = all.add(sum6).add(sum7).add(sum8).add(sum9).add(sum10).add(sum11);
    return all.reduceLanes(VectorOperators.ADD);
  }
}
