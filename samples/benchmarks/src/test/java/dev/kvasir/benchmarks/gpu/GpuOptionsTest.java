package dev.kvasir.benchmarks.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class GpuOptionsTest {

  @Test
  void everythingRunsUnlessSomeIsAskedFor() {
    assertThat(GpuOptions.parse(List.of()).only()).containsAll(GpuOptions.WORKS);
    assertThat(GpuOptions.parse(List.of("--only", "decode,tasks")).only())
        .containsExactlyInAnyOrder("decode", "tasks");
  }

  @Test
  void valuesAreTaken() {
    GpuOptions options =
        GpuOptions.parse(
            List.of("--quick", "--rounds", "3", "--peer", "p.json", "--device", "0:1"));
    assertThat(options.quick()).isTrue();
    assertThat(options.rounds()).isEqualTo(3);
    assertThat(options.peer()).contains(Path.of("p.json"));
    assertThat(options.device()).contains("0:1");
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> GpuOptions.parse(List.of("--only", "append")))
        .hasMessageContaining("append");
    assertThatThrownBy(() -> GpuOptions.parse(List.of("--rounds", "0")))
        .hasMessageContaining("--rounds must be at least 1, got 0");
    assertThatThrownBy(() -> GpuOptions.parse(List.of("--rounds")))
        .hasMessageContaining("--rounds");
    assertThatThrownBy(() -> GpuOptions.parse(List.of("--fast", "1")))
        .hasMessageContaining("unknown option: --fast");
  }
}
