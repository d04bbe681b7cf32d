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

  private static final String MAVEN =
      """
      #!/bin/sh
      echo "$* $TORNADOVM_HOME" >maven-was-given
      """;

  @TempDir private Path folder;
  private Path home;
  private Path java;
  private Path sdk;

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
    Path programs = Files.createDirectories(java.resolve("bin"));
    program(programs.resolve("java"), JAVA);
    program(programs.resolve("javac"), JAVA);
    program(folder.resolve("mvn"), MAVEN);
    sdk = folder.resolve("an sdk");
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

  @Test
  void theBackEndForTornadoVmIsBuiltWhereThereIsItsSdk() throws Exception {
    Path jars = Files.createDirectories(sdk.resolve("share/java/tornado"));
    Files.writeString(jars.resolve("tornado-api-5.2.0-jdk25.jar"), "");
    Path module = Files.createDirectories(home.resolve("runtime/tornadovm/src/main"));
    Files.writeString(module.resolveSibling("../pom.xml"), "");

    launch(List.of("devices"), "");
    String built = Files.readString(home.resolve("maven-was-given"));
    Files.delete(home.resolve("maven-was-given"));
    Path target = Files.createDirectories(home.resolve("runtime/tornadovm/target"));
    Files.writeString(target.resolve("kvasir-runtime-tornadovm-1.jar"), "");
    launch(List.of("devices"), "");

    assertThat(built).contains("-pl cli,runtime/tornadovm -am package").endsWith(sdk + "\n");
    assertThat(home.resolve("maven-was-given")).doesNotExist();
  }

  @Test
  void anotherSdkIsLeftAlone() throws Exception {
    Path jars = Files.createDirectories(sdk.resolve("share/java/tornado"));
    Files.writeString(jars.resolve("tornado-api-1.0.7.jar"), "");

    launch(List.of("devices"), "");

    assertThat(home.resolve("maven-was-given")).doesNotExist();
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
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    builder.environment().put("TORNADOVM_HOME", sdk.toString());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(err).isZero();
    assertThat(err.replaceFirst("^building Kvasir .*\n", "")).isEmpty();
    String words = out.strip();
    return List.of(words.substring(1, words.length() - 1).split(">\n<", -1));
  }

  private static void program(Path file, String script) throws IOException {
    Files.writeString(file, script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void copy(String name) throws IOException {
    Path target = home.resolve(name);
    Files.createDirectories(target.resolveSibling(""));
    Files.copy(CHECKOUT.resolve(name), target);
  }
}
