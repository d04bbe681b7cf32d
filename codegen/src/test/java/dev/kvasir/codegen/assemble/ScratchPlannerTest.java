package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.Expression;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Buffers that live at one time never share a byte, and others do. */
class ScratchPlannerTest {

  private static void declare(ScratchPlanner planner, String name, int count, int from, int to) {
    planner.declare(name, StorageFormat.F32, Expression.constant(count), count, from);
    planner.use(name, to);
  }

  private static long bytes(BufferDeclaration buffer, int count) {
    return buffer.format().bytes(count);
  }

  @RepeatedTest(30)
  void liveBuffersNeverOverlap(RepetitionInfo repetition) {
    long seed = 100L + repetition.getCurrentRepetition();
    Random random = new Random(seed);
    ScratchPlanner planner = new ScratchPlanner();
    int buffers = 1 + random.nextInt(60);
    int[] counts = new int[buffers];
    StorageFormat[] formats = {StorageFormat.F32, StorageFormat.I32, StorageFormat.BF16};
    for (int i = 0; i < buffers; i++) {
      counts[i] = 1 + random.nextInt(random.nextBoolean() ? 20 : 5000);
      int from = random.nextInt(40);
      StorageFormat format = formats[random.nextInt(formats.length)];
      planner.declare("b" + i, format, Expression.constant(counts[i]), counts[i], from);
      for (int use = random.nextInt(4); use > 0; use--) {
        planner.use("b" + i, from + random.nextInt(12));
      }
    }
    planner.use("a model weight", 3);
    List<BufferDeclaration> placed = planner.place();
    assertThat(placed).hasSize(buffers);
    for (int i = 0; i < buffers; i++) {
      BufferDeclaration one = placed.get(i);
      assertThat(one.name()).isEqualTo("b" + i);
      assertThat(one.offset() % 64).as("seed %d", seed).isZero();
      assertThat(one.offset() + bytes(one, counts[i])).isLessThanOrEqualTo(planner.slabBytes());
      for (int j = 0; j < i; j++) {
        BufferDeclaration other = placed.get(j);
        boolean together = one.firstUse() <= other.lastUse() && other.firstUse() <= one.lastUse();
        boolean overlap =
            one.offset() < other.offset() + bytes(other, counts[j])
                && other.offset() < one.offset() + bytes(one, counts[i]);
        assertThat(together && overlap).as("%s and %s, seed %d", one, other, seed).isFalse();
      }
    }
  }

  @Test
  void chainsReuseTwoPlaces() {
    ScratchPlanner planner = new ScratchPlanner();
    for (int i = 0; i < 20; i++) {
      declare(planner, "b" + i, 256, i, i + 1);
    }
    planner.place();
    assertThat(planner.slabBytes()).isEqualTo(2 * 256 * Float.BYTES);
  }

  @Test
  void aNameIsDeclaredOnce() {
    ScratchPlanner planner = new ScratchPlanner();
    declare(planner, "b", 1, 0, 0);
    assertThatThrownBy(() -> declare(planner, "b", 1, 0, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("two scratch buffers are named b");
  }
}
