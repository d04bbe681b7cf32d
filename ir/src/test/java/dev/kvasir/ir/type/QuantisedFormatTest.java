package dev.kvasir.ir.type;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.type.QuantisedFormat.Per;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuantisedFormatTest {

  @Test
  void groupsFitPages() {
    assertThat(accepted(Per.CHANNEL)).containsExactly(16, 32, 64);
    assertThat(accepted(Per.TOKEN)).containsExactly(16, 32, 64, 128, 192, 256);
  }

  @Test
  void bitsAreFourOrEight() {
    assertThat(new QuantisedFormat(4, Per.TOKEN, 16).maximumCode()).isEqualTo(15);
    assertThat(new QuantisedFormat(8, Per.TOKEN, 16).maximumCode()).isEqualTo(255);
    assertThatThrownBy(() -> new QuantisedFormat(2, Per.TOKEN, 16))
        .hasMessage("a code has 4 or 8 bits, got 2");
  }

  @Test
  void groupsOfAPageAreCounted() {
    // 64 rows of 32 channels: two row groups in each channel, or two channel groups in each row.
    assertThat(new QuantisedFormat(8, Per.CHANNEL, 32).groupsOfPage(32)).isEqualTo(64);
    assertThat(new QuantisedFormat(8, Per.TOKEN, 16).groupsOfPage(32)).isEqualTo(128);
    assertThat(new QuantisedFormat(4, Per.CHANNEL, 64).groupsOfPage(96)).isEqualTo(96);
  }

  @Test
  void valuesPerChannelAreRefused() {
    QuantisedFormat key = new QuantisedFormat(8, Per.CHANNEL, 64);
    assertThatThrownBy(() -> new Packing(key, key))
        .hasMessageStartingWith("values are quantised per token: ");
  }

  private static List<Integer> accepted(Per per) {
    return IntStream.rangeClosed(0, 256)
        .filter(
            group -> {
              try {
                return new QuantisedFormat(8, per, group).group() == group;
              } catch (IllegalArgumentException refused) {
                return false;
              }
            })
        .boxed()
        .toList();
  }
}
