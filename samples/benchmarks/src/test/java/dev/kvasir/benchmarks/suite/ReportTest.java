package dev.kvasir.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.benchmarks.CacheFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Figures and pages of runs. */
class ReportTest {

  @Test
  void statisticsOfEvenAndOddCounts() {
    assertThat(Statistics.of(List.of(3.0, 1.0, 2.0))).isEqualTo(new Statistics(2, 1, 3));
    assertThat(Statistics.of(List.of(4.0, 1.0, 2.0, 9.0))).isEqualTo(new Statistics(3, 1, 9));
    assertThat(new Statistics(4, 3, 5).spread()).isEqualTo(50);
    assertThatThrownBy(() -> Statistics.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }

  /** One long round must not outvote two short ones. */
  @Test
  void roundsCountEqually() {
    CaseResult result =
        new CaseResult(
            Cases.step(),
            List.of(Runs.round(10, 12, 14), Runs.round(20), Runs.round(30, 30, 30, 30, 90)));
    assertThat(result.nanos()).isEqualTo(new Statistics(20, 10, 90));
    assertThat(result.load()).isEqualTo(0.75);
  }

  @Test
  void targetsAreJudged() {
    Map<String, Target> targets =
        Targets.of(Runs.some()).stream().collect(Collectors.toMap(Target::work, t -> t));
    assertThat(targets.get("decode bf16"))
        .isEqualTo(
            new Target(
                "decode bf16",
                "85 % of measured read bandwidth",
                "800 µs",
                "read bandwidth",
                "100 % (100 to 100)",
                Target.Verdict.MET));
    requireTarget(targets, "decode f32", "-", Target.Verdict.UNKNOWN);
    requireTarget(
        targets,
        "decode bf16 against ONNX Runtime's fastest format",
        "0.20x (800 µs, 4.00 ms)",
        Target.Verdict.MET);
    requireTarget(
        targets, "decode int8 against bf16", "1.50x (1.20 ms, 800 µs)", Target.Verdict.MISSED);
    requireTarget(
        targets,
        "decode int8 against bf16, every context from 512",
        "1.50x at 32,768",
        Target.Verdict.MISSED);
    requireTarget(
        targets, "decode bf16, two threads against one", "1.90x (420 µs)", Target.Verdict.MET);
    requireTarget(
        targets,
        "decode step beyond its kernels, sample model, 4 layers",
        "30.0 µs (30.0 µs to 30.0 µs) of 3.00 ms",
        Target.Verdict.MISSED);
  }

  private static void requireTarget(
      Map<String, Target> targets, String work, String measured, Target.Verdict verdict) {
    assertThat(targets.get(work))
        .extracting(Target::measured, Target::verdict)
        .as(work)
        .containsExactly(measured, verdict);
  }

  @Test
  void pagesHoldTargetsPeersAndCases() {
    String page =
        Markdown.page(Runs.some(), List.of(Path.of("a.png")), "int8: C2 gave up on a loop.");
    assertThat(page)
        .contains("| machine | Some(R) CPU @ 3, 2 processors, 512-bit vectors |")
        .contains("| decode bf16 | 85 % of measured read bandwidth | 800 µs |")
        .contains("## Missed, and why\n\nint8: C2 gave up on a loop.\n")
        .contains("| Kvasir | bf16 | 800 µs | 100 % (100 to 100) | 420 µs |")
        .contains("| ONNX Runtime | f16 | 9.00 ms |")
        .contains("![](a.png)")
        .contains("| 1.20 ms | 1.20 ms | 1.20 ms | 0 % |")
        .doesNotContain("With other flags");
    Case flagged = Cases.decode(CacheFormat.BF16).withFlags("-XX:+UseSerialGC");
    assertThat(Markdown.page(Runs.some().plus(flagged, Runs.round(7e5)), List.of(), ""))
        .contains("## With other flags")
        .contains("-XX:+UseSerialGC | 800 µs | 700 µs |")
        .doesNotContain("Missed, and why");
  }

  @Test
  void runsSurviveTheirFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("run.json");
    Runs.some().write(file);
    assertThat(Report.read(file)).isEqualTo(Runs.some());
  }

  @Test
  void plotsShowWhatHasTwoPoints(@TempDir Path folder) throws IOException {
    List<Path> plots = Plots.write(Runs.some(), folder, "run");
    assertThat(plots)
        .containsExactly(
            Path.of("run-time-over-context.png"),
            Path.of("run-limit-over-context.png"),
            Path.of("run-threads.png"));
    for (Path plot : plots) {
      assertThat(Files.readAllBytes(folder.resolve(plot)))
          .startsWith(0x89, 'P', 'N', 'G')
          .hasSizeGreaterThan(2000);
    }
    assertThat(Plots.write(Runs.empty(), folder, "none")).isEmpty();
  }

  @Test
  void readmeTablesAreReplaced(@TempDir Path folder) throws IOException {
    Path readme = folder.resolve("README.md");
    String before = "# Title\n\n" + Readme.BEGIN + "\nold\n" + Readme.END + "\n\nAfter.\n";
    Files.writeString(readme, before);
    Readme.replace(readme, Runs.some(), "results/run.md");
    String once = Files.readString(readme);
    assertThat(once)
        .startsWith("# Title\n\n" + Readme.BEGIN + "\n")
        .endsWith(Readme.END + "\n\nAfter.\n")
        .contains("[all figures](results/run.md)", "| decode bf16 |", "| Kvasir | bf16 |")
        .doesNotContain("old");
    Readme.replace(readme, Runs.some(), "results/run.md");
    assertThat(Files.readString(readme)).isEqualTo(once);
    assertThatThrownBy(() -> Readme.replaced("no comments", Runs.some(), "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Readme.BEGIN);
  }

  @Test
  void machinesMakeFileNames() {
    assertThat(Runs.MACHINE.slug()).isEqualTo("some-cpu-3");
    assertThat(Machine.here().slug()).matches("[a-z0-9]+(-[a-z0-9]+)*");
  }

  @Test
  void optionsChooseCases() {
    assertThat(Options.parse(List.of()).cases(2)).hasSizeBetween(50, 75);
    List<Case> quick = Options.parse(List.of("--quick")).cases(2);
    assertThat(Cases.full(2)).containsAll(quick);
    assertThat(Options.parse(List.of("--only", "Append", "--rounds", "7")).cases(2))
        .hasSize(2)
        .allMatch(c -> c.benchmark().equals("Append"));
    List<Case> flagged = Options.parse(List.of("--quick", "--flags", "-XX:+UseSerialGC")).cases(2);
    assertThat(flagged).hasSize(quick.size() + CacheFormat.values().length);
    assertThat(new HashSet<>(flagged)).hasSameSizeAs(flagged);
    assertThatThrownBy(() -> Options.parse(List.of("--only", "Nothing")).cases(2))
        .hasMessageContaining("Nothing");
    assertThatThrownBy(() -> Options.parse(List.of("--rounds", "0"))).hasMessageContaining("0");
    assertThatThrownBy(() -> Options.parse(List.of("--fast", "1"))).hasMessageContaining("--fast");
    assertThatThrownBy(() -> Options.parse(List.of("--only"))).hasMessageContaining("--only");
  }
}
