package dev.kvasir.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is timed computes attention, and all implementations compute the same. */
class AttentionWorkTest {
  private static final long LEAST = 1 << 20;

  private static AttentionCase small(CacheFormat format, int context) {
    return new AttentionCase(8, 2, 64, context, format);
  }

  @ParameterizedTest
  @EnumSource
  void kernelsAttendAsDefined(CacheFormat format) {
    for (int context : new int[] {64, 192, 2048}) {
      for (int threads = 1; threads <= 2; threads++) {
        try (Team team = new Team(threads);
            DecodeWork work = new DecodeWork(small(format, context), team, LEAST)) {
          work.run();
          work.run();
          work.check();
        }
      }
    }
  }

  @Test
  void peersAgreeWithKernels() {
    AttentionCase shape = small(CacheFormat.F32, 2048);
    try (Team team = new Team(1);
        DecodeWork own = new DecodeWork(shape, team, LEAST);
        OnnxAttention onnx = new OnnxAttention(shape, 1, LEAST);
        OnnxAttention half = new OnnxAttention(small(CacheFormat.F16, 2048), 1, LEAST);
        PlainAttention plain = new PlainAttention(shape, team, LEAST)) {
      own.run();
      for (int layer = 0; layer < 3; layer++) {
        onnx.run();
        half.run();
        plain.run();
      }
      assertThat(onnx.output()).containsExactly(own.output(), Offset.offset(1e-6f));
      assertThat(plain.output()).containsExactly(own.output(), Offset.offset(1e-6f));
      assertThat(half.output()).containsExactly(own.output(), Offset.offset(1e-3f));
      half.check();
    }
  }

  @Test
  void wrongOutputIsRefused() {
    AttentionCase shape = small(CacheFormat.F32, 64);
    AttentionData data = new AttentionData(shape);
    double[] expected = data.expected();
    float[] output = new float[expected.length];
    for (int i = 0; i < output.length; i++) {
      output[i] = (float) expected[i];
    }
    data.require("the definition", output, 1e-6);
    output[3] += 0.01f;
    assertThatThrownBy(() -> data.require("a wrong one", output, 1e-4))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("a wrong one");
    output[3] = Float.NaN;
    assertThatThrownBy(() -> data.require("no number", output, 1e-4))
        .isInstanceOf(IllegalStateException.class);
  }

  /** Pages of one period lie in memory again and again: the count of bytes is that of a session. */
  @ParameterizedTest
  @CsvSource({
    "F32, 1048576", // 2 heads * 1024 rows * 2 * 64 elements * 4 bytes
    "BF16, 524288",
    "INT8, 293888", // a head: 15 pages of 64 rows * (128 codes + 4 f16), one page of bf16
    "INT4, 186368" // a head: 15 pages of 4096 bytes of codes and 4 * 128 f16, one page of bf16
  })
  void bytesAreThoseOfTheCache(CacheFormat format, double bytes) {
    try (Team team = new Team(1);
        DecodeWork work = new DecodeWork(small(format, 1024), team, LEAST)) {
      assertThat(work.bytes()).isEqualTo(bytes);
      assertThat(work.operations()).isEqualTo(4.0 * 8 * 64 * 1024);
    }
  }

  @Test
  void prefillAttendsAsDefined() {
    try (Team team = new Team(2);
        PrefillWork work = new PrefillWork(small(CacheFormat.F32, 192), team)) {
      work.run();
      work.check();
      assertThat(work.operations()).isEqualTo(4.0 * 8 * 64 * (192 * 193 / 2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void appendWritesRows(CacheFormat format) {
    try (Team team = new Team(1);
        AppendWork work = new AppendWork(small(format, 128), team, LEAST)) {
      for (int i = 0; i < 5; i++) {
        work.run();
      }
      work.check();
    }
  }
}
