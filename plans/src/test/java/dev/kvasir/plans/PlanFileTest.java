package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.testing.SamplePlan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanFileTest {

  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Plan plan = SamplePlan.plan();
    Path file = folder.resolve("sample.kvplan");
    PlanWriter.write(plan, file);
    Plan read = PlanReader.read(file);
    assertThat(read.manifest()).isEqualTo(plan.manifest());
    assertThat(read.program()).isEqualTo(plan.program());
    assertThat(read.memory()).isEqualTo(plan.memory());
    assertThat(read.files().keySet()).isEqualTo(plan.files().keySet());
    read.files().forEach((name, bytes) -> assertThat(bytes).isEqualTo(plan.files().get(name)));
    assertThat(PlanReader.sha256(file)).isEqualTo(plan.sha256()).hasSize(64);
  }

  @Test
  void equalPlansGiveEqualBytes() {
    Map<String, byte[]> files = SamplePlan.files();
    List<String> names = new ArrayList<>(files.keySet());
    Collections.reverse(names);
    Map<String, byte[]> reordered = new HashMap<>(names.size() * 4);
    names.forEach(name -> reordered.put(name, files.get(name)));
    Plan other =
        new Plan(SamplePlan.manifest(), SamplePlan.program(), SamplePlan.memory(), reordered);
    assertThat(PlanWriter.toBytes(other)).isEqualTo(PlanWriter.toBytes(SamplePlan.plan()));
  }

  @Test
  void anyZipToolReadsIt() throws IOException {
    Path file = folder.resolve("sample.kvplan");
    PlanWriter.write(SamplePlan.plan(), file);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries = Collections.list(zip.entries());
      assertThat(entries.getFirst().getName()).isEqualTo("manifest.json");
      assertThat(entries).hasSize(SamplePlan.files().size() + 3);
      try (InputStream in = zip.getInputStream(zip.getEntry("graph.kvir"))) {
        assertThat(in.readAllBytes()).isEqualTo(SamplePlan.files().get("graph.kvir"));
      }
    }
  }

  @Test
  void truncationAtEveryByteIsRefused() {
    byte[] bytes = PlanWriter.toBytes(SamplePlan.plan());
    for (int length = 0; length < bytes.length; length++) {
      Throwable refused = refusal(Arrays.copyOf(bytes, length));
      assertThat(refused).as("length %d", length).isInstanceOf(PlanException.class);
      assertThat(((PlanException) refused).reason())
          .as("length %d", length)
          .isIn(Reason.CORRUPT, Reason.NOT_A_PLAN);
    }
  }

  @Test
  void aFlipOfAnyBitOfAByteIsRefused() {
    byte[] bytes = PlanWriter.toBytes(SamplePlan.plan());
    for (int at = 0; at < bytes.length; at++) {
      bytes[at] ^= (byte) (1 << at % 8);
      Throwable refused = refusal(bytes);
      bytes[at] ^= (byte) (1 << at % 8);
      assertThat(refused).as("byte %d", at).isInstanceOf(PlanException.class);
      assertThat(((PlanException) refused).reason())
          .as("byte %d", at)
          .isIn(Reason.CORRUPT, Reason.NOT_A_PLAN, Reason.TOO_LARGE);
    }
    assertThat(refusal(bytes)).isNull();
  }

  @Test
  void bytesAfterTheEndAreRefused() {
    byte[] bytes = PlanWriter.toBytes(SamplePlan.plan());
    assertThat(refusal(Arrays.copyOf(bytes, bytes.length + 1)))
        .hasMessageContaining("x.kvplan: error[KV6002]: expected the")
        .hasMessageContaining("bytes of the zip's directory");
  }

  @Test
  void missingFilesAndFoldersAreRefused() {
    assertThatThrownBy(() -> PlanReader.read(folder.resolve("none.kvplan")))
        .isInstanceOfSatisfying(
            PlanException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CANNOT_READ));
    assertThatThrownBy(() -> PlanReader.read(folder))
        .isInstanceOfSatisfying(
            PlanException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CANNOT_READ));
  }

  @Test
  void aPathThatCannotBeWrittenIsRefusedAndNothingIsLeft() throws IOException {
    Path occupied = Files.createDirectory(folder.resolve("occupied"));
    for (Path path : List.of(occupied, folder.resolve("none/x.kvplan"), Path.of("/"))) {
      assertThatThrownBy(() -> PlanWriter.write(SamplePlan.plan(), path))
          .isInstanceOfSatisfying(
              PlanException.class, e -> assertThat(e.code()).isEqualTo("KV6008"));
    }
    assertThat(names(folder)).containsExactly("occupied");
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("old.kvplan"), "old");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    channel -> {
                      throw new IOException("no space left");
                    }))
        .hasMessage("no space left");
    assertThat(Files.readString(file)).isEqualTo("old");
    assertThat(names(folder)).containsExactly("old.kvplan");
    PlanWriter.write(SamplePlan.plan(), file);
    assertThat(PlanReader.read(file).manifest()).isEqualTo(SamplePlan.manifest());
    assertThat(names(folder)).containsExactly("old.kvplan");
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    }
  }

  private static Throwable refusal(byte[] bytes) {
    return catchThrowable(() -> PlanReader.read("x.kvplan", bytes));
  }
}
