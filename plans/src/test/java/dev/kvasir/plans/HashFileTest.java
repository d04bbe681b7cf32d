package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashFileTest {

  @TempDir private Path home;

  private HashFile hashes() {
    return new HashFile(home.resolve("share/kvasir"), "hashes");
  }

  private Path file() {
    return home.resolve("share/kvasir/hashes");
  }

  private static String hash(int number) {
    return PlanFormat.sha256(Integer.toString(number).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void whatIsAddedIsThereUntilManyOthersAre() throws IOException {
    HashFile hashes = hashes();
    assertThat(hashes.contains(hash(0))).isFalse();
    hashes.add(hash(0));
    hashes.add(hash(1));
    hashes.add(hash(0));
    assertThat(hashes.contains(hash(0))).isTrue();
    assertThat(Files.readAllLines(file())).containsExactly(hash(1), hash(0));
    List<String> many = IntStream.range(0, HashFile.MAX_HASHES).mapToObj(i -> hash(i)).toList();
    Files.write(file(), many);
    hashes.add(hash(-1));
    assertThat(hashes.contains(hash(0))).isFalse();
    assertThat(hashes.contains(hash(1))).isTrue();
    assertThat(hashes.contains(hash(-1))).isTrue();
    assertThat(Files.readAllLines(file())).hasSize(HashFile.MAX_HASHES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "x\n", "  \n", "\0\n"})
  void aDamagedFileHoldsNothing(String damage) throws IOException {
    HashFile hashes = hashes();
    hashes.add(hash(0));
    Files.writeString(file(), hash(0) + "\n" + damage);
    assertThat(hashes.contains(hash(0))).isFalse();
    hashes.add(hash(1));
    assertThat(Files.readAllLines(file())).containsExactly(hash(1));
  }

  @Test
  void aFileThatIsTooLargeHoldsNothing() throws IOException {
    HashFile hashes = hashes();
    hashes.add(hash(0));
    Files.writeString(file(), (hash(0) + "\n").repeat(5000));
    assertThat(hashes.contains(hash(0))).isFalse();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "permissions are of another kind there")
  void whatOthersCanWriteHoldsNothing() throws IOException {
    HashFile hashes = hashes();
    hashes.add(hash(0));
    Path folder = Objects.requireNonNull(file().getParent());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw----"));
    assertThat(hashes.contains(hash(0))).isFalse();
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(hashes.contains(hash(0))).isTrue();
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xrwx"));
    assertThat(hashes.contains(hash(0))).isFalse();
    assertThatThrownBy(() -> hashes.add(hash(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("others can write");
  }

  @Test
  void aFolderThatCannotBeIsAnError() throws IOException {
    Files.writeString(home.resolve("share"), "a file");
    assertThat(hashes().contains(hash(0))).isFalse();
    assertThatThrownBy(() -> hashes().add(hash(0))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> hashes().add("no hash")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void addersDoNotLoseEachOthersHashes() {
    IntStream.range(0, 64)
        .parallel()
        .forEach(
            number -> {
              try {
                hashes().add(hash(number));
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(IntStream.range(0, 64)).allMatch(number -> hashes().contains(hash(number)));
  }
}
