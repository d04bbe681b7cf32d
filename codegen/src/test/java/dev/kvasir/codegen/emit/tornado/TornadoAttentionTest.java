package dev.kvasir.codegen.emit.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.emit.tornado.device.DeviceException;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decode attention and its combine on the {@code tornado} target. */
final class TornadoAttentionTest {

  private final long seed = new Random().nextLong();

  private void agree(AttentionShape shape, int pagesPerSplit, int... tokens) {
    String description =
        "seed %d, %s, %d pages a split, tokens %s"
            .formatted(seed, shape.text(), pagesPerSplit, Arrays.toString(tokens));
    new AttentionCase(seed, shape, pagesPerSplit, tokens).agree(description, Device.of(seed));
  }

  @ParameterizedTest
  @CsvSource({"1, 32", "2, 64", "4, 96", "8, 128", "1, 128", "8, 32"})
  void attendsDenseSegments(int group, int dim) {
    agree(AttentionCase.shape(AttentionCase.dense(), group, 1, dim), 2, 65, 13);
  }

  @ParameterizedTest
  @CsvSource({"1, 96", "2, 32", "4, 128", "8, 64"})
  void attendsSinkAndRing(int group, int dim) {
    agree(AttentionCase.shape(AttentionCase.sinkAndRing(70), group, 1, dim), 1, 207, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 63, 64, 65, 207})
  void attendsAnyNumberOfRows(int tokens) {
    agree(AttentionCase.shape(AttentionCase.dense(), 2, 1, 32), 2, tokens);
    agree(AttentionCase.shape(AttentionCase.sinkAndRing(64), 1, 1, 32), 3, tokens);
  }

  @Test
  void attendsSeveralHeadsAndSequences() {
    agree(AttentionCase.shape(AttentionCase.dense(), 2, 2, 32), 1, 1, 130, 64);
    agree(AttentionCase.shape(AttentionCase.sinkAndRing(20), 3, 2, 32), 1, 100, 4, 23);
  }

  @Test
  void everyLocalBarrierOfDecodeIsNeeded() {
    AttentionShape shape = AttentionCase.shape(AttentionCase.dense(), 4, 1, 32);
    List<String> barriers =
        Device.barriers(TornadoLowering.lower(DecodeAttention.build("decode", shape, 3, 4)));
    assertThat(barriers).contains("localBarrier");
    for (int barrier = 0; barrier < barriers.size(); barrier++) {
      // Global ones also keep apart buffers that share a memory, which is not so here.
      if (barriers.get(barrier).equals("localBarrier")) {
        AttentionCase attention = new AttentionCase(seed, shape, 3, 207);
        Device broken = Device.of(seed).without(barrier);
        assertThatThrownBy(
                () ->
                    attention
                        .decode()
                        .runDevice(broken, attention.decodeDims(), attention.decodeGrid()))
            .as("seed %d, without barrier %d", seed, barrier)
            .isInstanceOf(DeviceException.class)
            .extracting(problem -> ((DeviceException) problem).fault())
            .isIn(DeviceException.Fault.RACE, DeviceException.Fault.POISON);
      }
    }
  }
}
