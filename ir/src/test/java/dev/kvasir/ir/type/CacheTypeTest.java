package dev.kvasir.ir.type;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CacheTypeTest {
  private static final CacheSegment SINK =
      CacheSegment.of(CacheSegment.Kind.SINK, ElementFormat.BF16, 4, OptionalInt.empty());
  private static final CacheSegment RING =
      CacheSegment.of(CacheSegment.Kind.RING, ElementFormat.F32, 3, OptionalInt.empty());
  private static final HeadGroup STREAMING = new HeadGroup(List.of(1), List.of(SINK, RING));

  @Test
  void aStreamingHeadSeesFirstAndRecentRows() {
    assertThat(visible(STREAMING, 10)).containsExactly(0, 1, 2, 3, 8, 9, 10);
    assertThat(visible(STREAMING, 5)).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(visible(STREAMING, 2)).containsExactly(0, 1, 2);
  }

  @Test
  void theWindowOfTheModelBindsEverySegment() {
    OptionalInt window = OptionalInt.of(9);
    HeadGroup group =
        new HeadGroup(
            List.of(0),
            List.of(
                CacheSegment.of(CacheSegment.Kind.SINK, ElementFormat.F32, 4, window),
                CacheSegment.of(CacheSegment.Kind.RING, ElementFormat.F32, 3, window)));
    assertThat(visible(group, 10)).containsExactly(2, 3, 8, 9, 10);
    CacheSegment dense = CacheSegment.of(CacheSegment.Kind.DENSE, ElementFormat.F32, 0, window);
    assertThat(visible(new HeadGroup(List.of(0), List.of(dense)), 10))
        .containsExactly(2, 3, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void aRowLiesInTheSinkOrBehindIt() {
    assertThat(STREAMING.sinkRows()).isEqualTo(4);
    assertThat(STREAMING.segmentAt(3)).isEqualTo(SINK);
    assertThat(STREAMING.segmentAt(4)).isEqualTo(RING);
    assertThat(new HeadGroup(List.of(0), List.of(RING)).sinkRows()).isZero();
  }

  @Test
  void groupsAreFoundByHead() {
    HeadGroup dense =
        new HeadGroup(
            List.of(0, 2),
            List.of(
                CacheSegment.of(
                    CacheSegment.Kind.DENSE, ElementFormat.BF16, 0, OptionalInt.empty())));
    CacheType cache = new CacheType(1, 3, 8, 8, List.of(dense, STREAMING));
    assertThat(cache.groupOf(2)).isEqualTo(dense);
    assertThat(cache.groupOf(1)).isEqualTo(STREAMING);
    assertThatThrownBy(() -> cache.groupOf(3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> cache.withGroups(List.of(STREAMING, dense)))
        .hasMessage("groups must be ordered by their first head");
    assertThatThrownBy(() -> cache.withGroups(List.of(STREAMING)))
        .hasMessage("groups must hold each head from 0 to 2 once, got [1]");
  }

  @Test
  void aPackingStaysWithItsSegment() {
    Packing packing =
        new Packing(
            new QuantisedFormat(8, QuantisedFormat.Per.CHANNEL, 64),
            new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 32));
    CacheSegment packed = RING.withPacking(packing);
    assertThat(RING.packing()).isEmpty();
    assertThat(packed.withFormat(ElementFormat.F16).packing()).contains(packing);
    assertThat(packed.text())
        .isEqualTo(
            "ring f32 rows 3 packed key int8(per = channel, group = 64)"
                + " value int4(per = token, group = 32)");
    assertThatThrownBy(() -> SINK.withPacking(packing)).hasMessage("a sink is never packed");
    HeadGroup group = new HeadGroup(List.of(0), List.of(SINK, packed));
    assertThat(new CacheType(0, 1, 16, 32, List.of(group)).groups()).containsExactly(group);
    assertThatThrownBy(() -> new CacheType(0, 1, 16, 16, List.of(group)))
        .hasMessage("group must divide values of 16 elements, got 32");
    assertThatThrownBy(() -> new CacheType(0, 1, 72, 32, List.of(group)))
        .hasMessage("keys of 72 elements cannot be quantised: codes lie in blocks of 16 channels");
  }

  @Test
  void aCompensationRowStandsBesideARingWithoutWindow() {
    HeadGroup group = new HeadGroup(List.of(0), List.of(SINK, RING), true);
    assertThat(group.text()).isEqualTo("[0]: sink bf16 rows 4 + ring f32 rows 3 + compensation");
    assertThat(group.withSegments(List.of(RING)).compensated()).isTrue();
    CacheSegment dense =
        CacheSegment.of(CacheSegment.Kind.DENSE, ElementFormat.BF16, 0, OptionalInt.empty());
    CacheSegment windowed =
        CacheSegment.of(CacheSegment.Kind.RING, ElementFormat.BF16, 3, OptionalInt.of(9));
    for (CacheSegment segment : List.of(dense, windowed)) {
      assertThatThrownBy(() -> new HeadGroup(List.of(0), List.of(segment), true))
          .hasMessage("a compensation row stands beside a ring without window");
    }
  }

  private static List<Integer> visible(HeadGroup group, int query) {
    return IntStream.rangeClosed(0, query + 2)
        .filter(row -> group.segmentAt(row).isVisible(query, row))
        .boxed()
        .toList();
  }
}
