package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.testing.SamplePlan;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CheckVectorsTest {

  @Test
  void vectorsOfTheSample() throws PlanException {
    CheckVectors checks = CheckVectors.of(SamplePlan.plan());
    assertThat(checks.input("embed", "tokens").toInts()).containsExactly(3);
    assertThat(checks.input("embed", "rows").toFloats()).containsExactly(1.5f);
    assertThat(checks.output("embed", "hidden").toFloats()).containsExactly(2.5f, Float.NaN);
    assertThat(checks.output("predict", "next").toInts()).containsExactly(3, Integer.MIN_VALUE);
    assertThatThrownBy(() -> checks.output("embed", "tokens"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shortFormatsAreRounded() throws PlanException {
    KernelDeclaration embed = SamplePlan.program().kernels().getFirst();
    Argument half = new Argument("rows", StorageFormat.F16, true, true);
    float[] values = {1.0f / 3, Float.NaN};
    CheckVectors checks =
        CheckVectors.of(
            withChecks(
                new CheckVectors.Builder()
                    .input("k", half, values)
                    .output("k", half, values)
                    .toBytes(),
                kernel("k", embed, half)));
    assertThat(checks.output("k", "rows").toFloats())
        .containsExactly(Float.float16ToFloat(Float.floatToFloat16(1.0f / 3)), Float.NaN);
  }

  @Test
  void codesAreStoredByTheBlock() throws PlanException {
    KernelDeclaration embed = SamplePlan.program().kernels().getFirst();
    for (StorageFormat format : List.of(StorageFormat.U8, StorageFormat.U4)) {
      Argument read = new Argument("x", format, false, true);
      Argument written = new Argument("x", format, true, false);
      int block = 512 / format.bits();
      int[] values = new int[block];
      values[1] = 7;
      CheckVectors inputs =
          CheckVectors.of(
              withChecks(
                  new CheckVectors.Builder().input("k", read, values).toBytes(),
                  kernel("k", embed, read, 3 * block)));
      assertThat(inputs.input("k", "x").data().toArray(ValueLayout.JAVA_BYTE))
          .hasSize(64)
          .startsWith(0, 0, 0, 0, 7, 0);
      CheckVectors outputs =
          CheckVectors.of(
              withChecks(
                  new CheckVectors.Builder()
                      .output("k", written, new int[] {3, Integer.MIN_VALUE})
                      .toBytes(),
                  kernel("k", embed, written)));
      byte[] expected = new byte[64];
      Arrays.fill(expected, CheckVectors.UNTOUCHED_CODES);
      expected[0] = (byte) (format == StorageFormat.U8 ? 0x03 : 0xa3);
      assertThat(outputs.output("k", "x").data().toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(expected);
      assertRefused(
          new CheckVectors.Builder().output("k", written, new int[block + 1]),
          kernel("k", embed, written),
          "expected 64 to 64 elements of U8, got 128 of U8");
    }
    Argument code = new Argument("x", StorageFormat.U8, false, true);
    Argument bytes = new Argument("x", StorageFormat.F32, false, true);
    assertRefused(
        new CheckVectors.Builder().input("k", bytes, new float[1]),
        kernel("k", embed, code),
        "expected 64 to 64 elements of U8, got 1 of F32");
    assertThatThrownBy(() -> new CheckVectors.Builder().input("k", code, new float[64]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new CheckVectors.Builder().input("k", code, new int[] {256}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bf16IsTheNearestWithTiesToEven() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      int bits = random.nextInt();
      float value = Float.intBitsToFloat(bits);
      float rounded = Float.intBitsToFloat(StorageFormat.bf16(value) << 16);
      String place = "seed %d: %08x".formatted(seed, bits);
      if (Float.isNaN(value)) {
        assertThat(rounded).as(place).isNaN();
        continue;
      }
      // The two candidates around the value, as exact doubles; the one beyond the largest finite
      // value counts as the next power of two.
      double low = neighbour(bits & 0xffff0000);
      double high = neighbour((bits & 0xffff0000) + 0x10000);
      double downwards = Math.abs((double) value - low);
      double upwards = Math.abs(high - (double) value);
      boolean lowIsEven = (bits & 0x10000) == 0;
      double expected = downwards < upwards || (downwards == upwards && lowIsEven) ? low : high;
      assertThat(neighbour(Float.floatToRawIntBits(rounded))).as(place).isEqualTo(expected);
    }
    assertThat(StorageFormat.bf16(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7f80);
    assertThat(StorageFormat.bf16(Float.intBitsToFloat(0x7f800001))).isEqualTo((short) 0x7fc0);
  }

  @Test
  void vectorsThatDoNotFitAreRefused() {
    KernelDeclaration embed = SamplePlan.program().kernels().getFirst();
    Argument argument = new Argument("x", StorageFormat.F32, true, false);
    KernelDeclaration kernel = kernel("k", embed, argument);
    assertRefused(new CheckVectors.Builder(), kernel, "tensor k.out.x: error[KV6006]: expected it");
    assertRefused(
        new CheckVectors.Builder().output("k", argument, new float[1]),
        kernel,
        "expected 2 to 2 elements of F32, got 1 of F32");
    assertRefused(
        new CheckVectors.Builder()
            .output("k", new Argument("x", StorageFormat.BF16, true, false), new float[2]),
        kernel,
        "expected 2 to 2 elements of F32, got 2 of BF16");
    assertRefused(
        new CheckVectors.Builder()
            .output("k", argument, new float[2])
            .input("k", argument, new float[2]),
        kernel,
        "expected no tensor k.in.x");
    assertThatThrownBy(() -> new CheckVectors.Builder().input("k", argument, new int[1]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static double neighbour(int bits) {
    float value = Float.intBitsToFloat(bits);
    return Float.isInfinite(value) ? Math.copySign(0x1p128, value) : value;
  }

  private static void assertRefused(
      CheckVectors.Builder checks, KernelDeclaration kernel, String problem) {
    assertThatThrownBy(() -> CheckVectors.of(withChecks(checks.toBytes(), kernel)))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  private static KernelDeclaration kernel(String name, KernelDeclaration like, Argument argument) {
    return kernel(name, like, argument, 2);
  }

  private static KernelDeclaration kernel(
      String name, KernelDeclaration like, Argument argument, int elements) {
    return new KernelDeclaration(
        name,
        "",
        List.of(argument),
        List.of(),
        1,
        like.tileFloats(),
        like.tileInts(),
        like.tiles(),
        new KernelDeclaration.Check(List.of(1), List.of(), List.of(elements)));
  }

  private static Plan withChecks(byte[] checks, KernelDeclaration kernel) {
    return new Plan(
        SamplePlan.manifest(),
        new Program(List.of(kernel), List.of(), List.of(), List.of(), List.of()),
        SamplePlan.memory(),
        Map.of(PlanFormat.CHECKS, checks));
  }
}
