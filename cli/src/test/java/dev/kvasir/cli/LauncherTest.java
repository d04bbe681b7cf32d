package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script in a checkout of its own, with a Java that prints what it is given. */
final class LauncherTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("kvasir.home", ""));
  private static final String JAVA =
      """
      #!/bin/sh
      for word; do printf '<%s>\\n' "$word"; done
      """;

  @TempDir private Path folder;
  private Path home;
  private Path java;

  @BeforeEach
  void checkout() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "the launcher needs a POSIX shell");
    home = Files.createDirectories(folder.resolve("a home with 'quotes' and $signs"));
    copy("kvasir");
    copy(".mvn/find-jdk.sh");
    for (String module : List.of("ir", "plans", "passes", "codegen", "runtime", "cli")) {
      Files.createDirectories(home.resolve(module + "/src/main"));
      Files.writeString(home.resolve(module + "/pom.xml"), "");
    }
    Files.createDirectories(home.resolve("plans/policies"));
    Files.writeString(home.resolve("pom.xml"), "");
    Files.createDirectories(home.resolve("cli/target"));
    Files.writeString(home.resolve("cli/target/kvasir.jar"), "");
    Path stamp = Files.writeString(home.resolve("cli/target/built.stamp"), "");
    Files.setLastModifiedTime(stamp, FileTime.from(Instant.now().plusSeconds(60)));
    java = folder.resolve("jdk 25");
    for (String program : List.of("java", "javac")) {
      Path file = Files.createDirectories(java.resolve("bin")).resolve(program);
      Files.writeString(file, JAVA);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Files.writeString(java.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  @Test
  void argumentsArriveAsTheyWereTyped() throws Exception {
    List<String> odd =
        List.of(
            "run",
            "a plan.kvplan",
            "-p",
            "two  spaces, 'single', \"double\"",
            "",
            "*",
            "$HOME `id` \\ back\\slash",
            "--",
            "-x",
            "line\nbreak",
            "ünï");

    List<String> words = launch(odd, "");

    assertThat(words).endsWith(odd.toArray(String[]::new));
    assertThat(words)
        .containsSubsequence(
            "--add-modules",
            "jdk.incubator.vector",
            "-Dkvasir.home=" + home.toRealPath(),
            "-jar",
            home.toRealPath().resolve("cli/target/kvasir.jar").toString());
  }

  @Test
  void optionsOfJavaAreWords() throws Exception {
    assertThat(launch(List.of("devices"), "-Xmx1g -Dsome=thing"))
        .containsSubsequence("-Xmx1g", "-Dsome=thing", "-jar", "devices");
  }

  @Test
  void aLinkToTheLauncherFindsItsHome() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("my kvasir"), home.resolve("kvasir"));

    assertThat(launch(link, List.of("--help"), ""))
        .contains("-Dkvasir.home=" + home.toRealPath(), "--help");
  }

  private List<String> launch(List<String> arguments, String javaOptions) throws Exception {
    return launch(home.resolve("kvasir"), arguments, javaOptions);
  }

  /** {@return the words that Java was given} */
  private List<String> launch(Path launcher, List<String> arguments, String javaOptions)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", launcher.toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("KVASIR_JAVA_HOME", java.toString());
    builder.environment().put("KVASIR_JVM_OPTIONS", javaOptions);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(err).isZero();
    assertThat(err).isEmpty();
    String words = out.strip();
    return List.of(words.substring(1, words.length() - 1).split(">\n<", -1));
  }

  private void copy(String name) throws IOException {
    Path target = home.resolve(name);
    Files.createDirectories(target.resolveSibling(""));
    Files.copy(CHECKOUT.resolve(name), target);
  }
}
