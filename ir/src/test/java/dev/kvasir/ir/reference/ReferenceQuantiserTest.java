package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.QuantisedFormat.Per;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReferenceQuantiserTest {
  private static final int RUNS = 2000;

  @Test
  void aGroupByHand() {
    QuantisedFormat format = new QuantisedFormat(4, Per.TOKEN, 16);
    double[] group = new double[16];
    for (int index = 0; index < 16; index++) {
      group[index] = 10 - 4.2 * index;
    }
    ReferenceQuantiser.Coded coded = ReferenceQuantiser.code(format, group);
    // From 10 to -53 in 15 steps of 4.2, of which f16 holds 4.19921875.
    assertThat(coded.minimum()).isEqualTo(-53);
    assertThat(coded.step()).isEqualTo((float) 4.19921875);
    assertThat(coded.codes()).containsExactly(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    assertThat(coded.decoded(0)).isEqualTo(15 * 4.19921875 - 53);
    assertThat(coded.decoded(15)).isEqualTo(-53);
  }

  @Test
  void valuesOnAGridSurviveExactly() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < RUNS; run++) {
      QuantisedFormat format = format(random);
      int scale = random.nextInt(18) - 12;
      double step = Math.scalb(1024.0 + random.nextInt(1024), scale - 10);
      double minimum = Math.scalb(random.nextInt(4095) - 2047.0, scale - 2);
      double[] group = new double[format.group()];
      for (int index = 0; index < group.length; index++) {
        int code =
            switch (index) {
              case 0 -> 0;
              case 1 -> format.maximumCode();
              default -> random.nextInt(format.maximumCode() + 1);
            };
        group[index] = minimum + step * code;
      }
      assertThat(decoded(format, group)).as("seed %s, run %s", seed, run).containsExactly(group);
    }
  }

  @Test
  void constantGroupsHaveStepZero() {
    for (double value : new double[] {0, -0.0, 1, -3.140625, 65504, -65504, 1e-8}) {
      double[] group = new double[16];
      Arrays.fill(group, (float) value);
      ReferenceQuantiser.Coded coded =
          ReferenceQuantiser.code(new QuantisedFormat(8, Per.TOKEN, 16), group);
      assertThat(coded.step()).isZero();
      assertThat(coded.codes()).containsOnly(0);
      assertThat(coded.decoded(7))
          .isEqualTo(Float.float16ToFloat(Float.floatToFloat16((float) value)));
    }
  }

  @Test
  void aStepBelowF16IsZero() {
    double[] group = new double[16];
    group[3] = 1e-6;
    ReferenceQuantiser.Coded coded =
        ReferenceQuantiser.code(new QuantisedFormat(8, Per.TOKEN, 16), group);
    assertThat(coded.step()).isZero();
    assertThat(coded.decoded(3)).isZero();
  }

  @Test
  void errorsStayWithinHalfAStepAndTheRoundingOfStepAndMinimum() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < RUNS; run++) {
      QuantisedFormat format = format(random);
      double spread = Math.scalb(1.0, random.nextInt(20) - 8);
      double centre = random.nextGaussian() * spread;
      double[] group = new double[format.group()];
      Arrays.setAll(group, _ -> (float) (centre + spread * random.nextGaussian()));
      double minimum = Arrays.stream(group).min().orElseThrow();
      double maximum = Arrays.stream(group).max().orElseThrow();
      double step = (maximum - minimum) / format.maximumCode();
      // f16 keeps 11 bits, and below 2^-14 steps of 2^-24.
      double stepError = step * 0x1p-11 + 0x1p-25;
      double minimumError = Math.abs(minimum) * 0x1p-11 + 0x1p-25;
      double bound =
          (step + stepError) / 2
              + format.maximumCode() * stepError
              + minimumError
              + 1e-6 * (Math.abs(minimum) + Math.abs(maximum));
      double[] decoded = decoded(format, group);
      for (int index = 0; index < group.length; index++) {
        assertThat(Math.abs(decoded[index] - group[index]))
            .as("%s, seed %s, run %s, element %s", format.text(), seed, run, index)
            .isLessThanOrEqualTo(bound);
      }
    }
  }

  @Test
  void whatF16CannotHoldIsRefused() {
    QuantisedFormat format = new QuantisedFormat(8, Per.TOKEN, 16);
    for (double minimum : List.of(-65600.0, Double.NEGATIVE_INFINITY, Double.NaN)) {
      assertThatThrownBy(() -> ReferenceQuantiser.code(format, withFirst(minimum)))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageStartingWith("f16 cannot hold the ");
    }
    assertThatThrownBy(() -> ReferenceQuantiser.code(format, withFirst(1.7e7)))
        .hasMessageStartingWith("f16 cannot hold the step 66666");
    assertThat(ReferenceQuantiser.code(format, withFirst(-65504)).minimum()).isEqualTo(-65504);
    assertThat(ReferenceQuantiser.code(format, withFirst(65504 * 255)).step()).isEqualTo(65504);
  }

  private static double[] withFirst(double value) {
    double[] group = new double[16];
    group[0] = value;
    return group;
  }

  private static QuantisedFormat format(Random random) {
    int[] groups = {16, 32, 64, 128};
    return new QuantisedFormat(
        random.nextBoolean() ? 4 : 8, Per.TOKEN, groups[random.nextInt(groups.length)]);
  }

  private static double[] decoded(QuantisedFormat format, double[] group) {
    ReferenceQuantiser.Coded coded = ReferenceQuantiser.code(format, group);
    double[] decoded = new double[group.length];
    Arrays.setAll(decoded, coded::decoded);
    return decoded;
  }
}
