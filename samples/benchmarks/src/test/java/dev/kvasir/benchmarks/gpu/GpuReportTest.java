package dev.kvasir.benchmarks.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuReportTest {

  private static Measure measure(String format, double bytes, double nanos) {
    return new Measure("decode", format, 1024, 2, bytes, 0, List.of(), List.of(), List.of())
        .plus(nanos, 4e9, List.of())
        .plus(nanos, 2e9, List.of());
  }

  private static GpuReport report(Peer peer) {
    ModelSteps.Result steps =
        new ModelSteps.Result(List.of(64, 2), 128, 3e9, 14, 6, 5e6, List.of(2e6, 4e6));
    return new GpuReport(
        "2026-01-02T03:04",
        "GpuSuite --quick",
        "a device",
        "a back end",
        "a Java",
        List.of(measure("f16", 1000, 500), measure("int8", 550, 400)),
        List.of(6000.0, 7000.0, 9000.0),
        List.of(steps),
        peer,
        List.of("prefill: too large"));
  }

  @Test
  void percentsAreOfTheSameRound() {
    // 1000 bytes take 250 ns at 4 GB/s and 500 ns at 2 GB/s.
    List<Double> percents = measure("f16", 1000, 500).percentOfLimit();
    assertThat(percents.getFirst()).isEqualTo(50, within(1e-9));
    assertThat(percents.getLast()).isEqualTo(100, within(1e-9));
  }

  @Test
  void arithmeticBindsWhereItWasMeasured() {
    Measure prefill =
        new Measure("prefill", "f32", 64, 1, 10, 3000, List.of(), List.of(), List.of())
            .plus(6000, 1e9, List.of(1e9));
    assertThat(prefill.percentOfLimit().getFirst()).isEqualTo(50, within(1e-9));
  }

  @Test
  void pageAndTableCompareFormatsAndPeers() {
    Peer peer =
        new Peer(
            "",
            "PyTorch 0",
            5e9,
            List.of(
                new Peer.PeerCase("decode", "f16", 1024, 2, List.of(250.0)),
                new Peer.PeerCase("decode", "f16", 1024, 1, List.of(1.0))));
    GpuPage page = new GpuPage(report(peer));
    assertThat(page.markdown())
        .contains("| decode int8, 1,024 x 2 | 400 ns (400 ns to 400 ns) |")
        .contains("| 0.80x | 0.55x | 1.60x its time |")
        .contains("| 1.00x | 1.00x | 2.00x its time |")
        .contains("PyTorch 0, copies 5 GB/s")
        .contains("14 tasks, 6 a layer")
        .contains("* prefill: too large");
    assertThat(page.table().lines().toList().getLast()).contains("Decode step of a model");
  }

  @Test
  void pageSaysWhyThereIsNoPeer() {
    GpuPage page = new GpuPage(report(Peer.absent("no module named torch")));
    assertThat(page.markdown()).contains("not measured: no module named torch");
    assertThat(page.table()).contains("PyTorch: not measured: no module named torch");
  }

  @Test
  void figuresAreReadAsTheyAreWritten(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("peer.json");
    Files.writeString(
        file,
        """
        {"absent": "", "version": "PyTorch 0", "copied": 5e9, "cases": [
          {"work": "decode", "format": "f16", "context": 1024, "batch": 2, "nanos": [250.0, 3]}]}
        """);
    Peer peer = Peer.read(file);
    assertThat(peer.of(measure("int8", 1, 1)).orElseThrow().nanos()).containsExactly(250.0, 3.0);
    Path report = folder.resolve("report.json");
    report(peer).write(report);
    assertThat(Files.readString(report)).contains("\"taskNanos\" : [ 6000.0, 7000.0, 9000.0 ]");
  }

  @Test
  void layersAreFewEnoughForOnePool() {
    for (DecodeScene scene : DecodeScene.full()) {
      for (GpuFormat format : GpuFormat.values()) {
        double elements =
            (double) scene.layersInPool(format) * scene.batch() * 8 * scene.context() * 2 * 128;
        assertThat(elements).as(scene + " " + format).isLessThanOrEqualTo(Integer.MAX_VALUE);
        assertThat(scene.layersInPool(format) * scene.layerBytes(format))
            .as(scene + " " + format)
            .isGreaterThan(500e6);
      }
    }
  }
}
