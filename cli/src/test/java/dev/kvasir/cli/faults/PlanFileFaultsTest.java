package dev.kvasir.cli.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A plan file is the old one or the new one, whole, whatever stops its writing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
final class PlanFileFaultsTest {

  /** Set to {@code all}, each change of a file is one at which a process of its own is killed. */
  private static final String KILLS = "kvasir.test.kills";

  private static final int SOME_KILLS = 4;
  private static final int SECONDS = 120;
  private static final int TIMES = 20;

  @TempDir private static Path classFolder;

  private Plan plan = WrittenPlan.compile("new");
  private byte[] older = {};
  private byte[] newer = {};

  private Path folder = classFolder;
  private Path target = classFolder;

  @BeforeAll
  void compile() throws IOException {
    PlanWriter.write(WrittenPlan.compile("old"), classFolder.resolve("old"));
    older = Files.readAllBytes(classFolder.resolve("old"));
    PlanWriter.write(plan, classFolder.resolve("new"));
    newer = Files.readAllBytes(classFolder.resolve("new"));
    assertThat(newer).isNotEqualTo(older);
  }

  @BeforeEach
  void writeOld() throws IOException {
    folder = Files.createTempDirectory(classFolder, "test");
    target = folder.resolve("x.kvplan");
    Files.write(target, older);
  }

  /** What a process that is killed leaves is what lies there at the moment. */
  @Test
  void beforeEachChangeTheFileIsWhole() throws IOException {
    List<String> changes = new ArrayList<>();
    PlanWriter.write(
        plan,
        FaultyFileSystem.wrap(
            target,
            change -> {
              changes.add(change);
              boolean moved = changes.contains("move") && !change.equals("move");
              assertThat(Files.readAllBytes(target)).isEqualTo(moved ? newer : older);
            }));
    assertThat(changes).contains("create", "write", "force", "move").hasSizeGreaterThan(50);
    assertThat(changes.indexOf("force")).isGreaterThan(changes.lastIndexOf("write"));
    assertThat(changes.indexOf("move")).isGreaterThan(changes.indexOf("force"));
    assertAlone(newer);
  }

  /**
   * By default at a few changes; with {@code -Dkvasir.test.kills=all} at each, which takes minutes.
   */
  @Test
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "its processes cannot be killed")
  void aProcessKilledAtAChangeLeavesAWholeFile() throws Exception {
    List<String> changes = new ArrayList<>();
    PlanWriter.write(plan, FaultyFileSystem.wrap(target, changes::add));
    boolean all = System.getProperty(KILLS, "").equals("all");
    int step = all ? 1 : Math.max(1, changes.size() / (SOME_KILLS - 1));
    for (int at = 0; at < changes.size() + step; at += step) {
      writeOld();
      Process process = start(KilledWriter.class, "new", Math.min(at, changes.size() - 1));
      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue())
          .as(() -> ChildJvm.output(process))
          .isEqualTo(KilledWriter.STATUS);
      boolean moved = at > changes.indexOf("move");
      assertThat(Files.readAllBytes(target)).as("change %d", at).isEqualTo(moved ? newer : older);
      // What is left in the folder does not stop the next process.
      PlanWriter.write(plan, target);
      assertThat(Files.readAllBytes(target)).isEqualTo(newer);
    }
  }

  @Test
  void aFullDiskIsSaidAndLeavesTheOldFile() throws IOException {
    List<String> changes = new ArrayList<>();
    PlanWriter.write(plan, FaultyFileSystem.wrap(target, changes::add));
    for (int at = 0; at <= changes.indexOf("move"); at++) {
      Files.write(target, older);
      int full = at;
      int[] count = {0};
      Path faulty =
          FaultyFileSystem.wrap(
              target,
              change -> {
                if (count[0]++ == full) {
                  throw new IOException("No space left on device");
                }
              });
      assertThatThrownBy(() -> PlanWriter.write(plan, faulty))
          .as("change %d, %s", at, changes.get(at))
          .isInstanceOfSatisfying(
              PlanException.class,
              e -> assertThat(e.reason()).isEqualTo(PlanException.Reason.CANNOT_WRITE))
          .hasMessageContaining("No space left on device; ")
          .hasMessageContaining("another path with -o");
      assertAlone(older);
    }
  }

  @Test
  void twoProcessesThatWriteOnePathBothSucceed() throws Exception {
    Process first = start(RepeatedWriter.class, "old", TIMES);
    Process second = start(RepeatedWriter.class, "new", TIMES);
    while (first.isAlive() || second.isAlive()) {
      // Each is whole whenever it is looked at.
      assertThat(PlanReader.read(target).manifest().policy().name()).isIn("old", "new");
      Thread.sleep(1);
    }
    assertThat(first.waitFor()).as(() -> ChildJvm.output(first)).isZero();
    assertThat(second.waitFor()).as(() -> ChildJvm.output(second)).isZero();
    assertThat(names()).containsExactly("x.kvplan");
    assertThat(Files.readAllBytes(target)).isIn(older, newer);
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such path")
  void aDeviceIsNotReplacedByAFile() throws IOException {
    Path device = Path.of("/dev/null");
    assertThatThrownBy(() -> PlanWriter.write(plan, device))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> assertThat(e.reason()).isEqualTo(PlanException.Reason.CANNOT_WRITE))
        .hasMessageContaining("expected the path of a file");
    assertThat(Files.isRegularFile(device)).isFalse();
  }

  private Process start(Class<?> writer, String source, int number) throws IOException {
    return ChildJvm.start(writer, classFolder.resolve(source), target, number);
  }

  private void assertAlone(byte[] content) throws IOException {
    assertThat(names()).containsExactly("x.kvplan");
    assertThat(Files.readAllBytes(target)).isEqualTo(content);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
