package dev.kvasir.cli.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.cli.tornado.TornadoStart.Child;
import dev.kvasir.cli.tornado.TornadoStart.Here;
import dev.kvasir.cli.tornado.TornadoStart.Missing;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where work for TornadoVM is done, with SDKs that are only their argument file and release. */
final class TornadoLauncherTest {
  private static final List<String> ARGUMENTS = List.of("run", "a plan.kvplan", "-p", "some *");
  private static final List<String> OPTIONS =
      List.of(
          "--add-modules=jdk.incubator.vector",
          "-XX:+UseSerialGC",
          "-XX:CompileCommand=quiet",
          "-Dkvasir.home=/home",
          "-Xmx2g");

  @TempDir private Path folder;
  private Path home;
  private Path sdk;

  @BeforeEach
  void prepare() throws IOException {
    home = Files.createDirectory(folder.resolve("kvasir"));
    sdk = sdk("sdk", "5.2.0-jdk25");
    Path built = Files.createDirectories(home.resolve("runtime/tornadovm/target"));
    Files.writeString(built.resolve("kvasir-runtime-tornadovm-0.1.0.jar"), "");
    Files.writeString(built.resolve("another.jar"), "");
  }

  @Test
  void aProcessHasTheOptionsOfTheSdkAndOfThisOneAndTheSameArguments() {
    TornadoStart start = start(jvm(25, true, false), sdk);

    assertThat(start)
        .isEqualTo(
            new Child(
                List.of(
                    "/jdk/bin/java",
                    "@" + sdk.resolve("tornado-argfile"),
                    "--module-path=" + sdk.resolve("share/java/tornado"),
                    "-Dtornado.device.memory=1024TB",
                    "--add-modules=jdk.incubator.vector",
                    "-XX:CompileCommand=quiet",
                    "-Dkvasir.home=/home",
                    "-Xmx2g",
                    "-Dtornado.recover.bailout=False",
                    "-Dtornado.load.annotation.implementation"
                        + "=dev.kvasir.runtime.tornadovm.AnnotationProvider",
                    "-cp",
                    "cli/target/kvasir.jar" + File.pathSeparator + module(),
                    "dev.kvasir.cli.Main",
                    "run",
                    "a plan.kvplan",
                    "-p",
                    "some *")));
  }

  @Test
  void whoHasTornadoVmStartsNothing() {
    assertThat(start(jvm(25, true, true), sdk)).isEqualTo(new Here());
    assertThat(launcher(jvm(25, true, true), sdk).missing()).isEmpty();
  }

  /** A program of its own inherits what the argument file came to. */
  @Test
  void anotherProgramGetsItsOwnOptions() {
    List<String> options = List.of("-Dsome=thing");

    TornadoStart first =
        launcher(jvm(25, true, false), sdk).process(options, "some.Program", List.of("x"));
    TornadoStart second =
        launcher(jvm(25, true, true), sdk).process(options, "some.Program", List.of("x"));

    assertThat(words(first))
        .startsWith("/jdk/bin/java", "@" + sdk.resolve("tornado-argfile"))
        .containsSubsequence("-Dtornado.recover.bailout=False", "-Dsome=thing", "-cp")
        .endsWith("some.Program", "x");
    assertThat(words(second))
        .containsExactly(
            "/jdk/bin/java",
            "--add-modules=jdk.incubator.vector",
            "-XX:+UseSerialGC",
            "-XX:CompileCommand=quiet",
            "-Dkvasir.home=/home",
            "-Xmx2g",
            "-Dsome=thing",
            "-cp",
            "cli/target/kvasir.jar",
            "some.Program",
            "x");
  }

  @Test
  void theUsualPlaceIsTheUsersOwn() throws IOException {
    Path usual = sdk(".sdkman/candidates/tornadovm/current", "5.2.0-jdk25");

    assertThat(words(new TornadoLauncher(jvm(25, true, false), Map.of()).start(ARGUMENTS)))
        .contains("@" + usual.resolve("tornado-argfile"));
    assertThat(words(start(jvm(25, true, false), Path.of(" "))))
        .contains("@" + usual.resolve("tornado-argfile"));
  }

  @Test
  void noSdkIsSaidWithTheWayToOne() {
    Missing unset = missing(new TornadoLauncher(jvm(25, true, false), Map.of()).start(ARGUMENTS));
    Missing empty = missing(start(jvm(25, true, false), folder.resolve("nowhere")));

    assertThat(unset.problem())
        .isEqualTo(
            "there is no TornadoVM SDK: TORNADOVM_HOME is not set, and there is none in "
                + folder.resolve(".sdkman/candidates/tornadovm/current"));
    assertThat(empty.problem())
        .isEqualTo(
            "there is no TornadoVM SDK: TORNADOVM_HOME names "
                + folder.resolve("nowhere")
                + ", which holds no tornado-argfile");
    assertThat(unset.remedy())
        .isEqualTo(empty.remedy())
        .contains("sdk install tornadovm 5.2.0-jdk25-opencl", "TORNADOVM_HOME");
  }

  @Test
  void anSdkOfAnotherVersionIsRefused() throws IOException {
    assertThat(missing(start(jvm(25, true, false), sdk("old", "1.0.7"))).problem())
        .endsWith("has version '1.0.7', and Kvasir needs 5.2.0-jdk25");
    assertThat(missing(start(jvm(25, true, false), sdk("other", "5.2.0-jdk21"))).problem())
        .endsWith("has version '5.2.0-jdk21', and Kvasir needs 5.2.0-jdk25");
  }

  @Test
  void anotherJavaIsRefused() {
    Missing missing = missing(start(jvm(26, true, false), sdk));

    assertThat(missing.problem()).endsWith("runs on JDK 25, and this is JDK 26");
    assertThat(missing.remedy()).contains("KVASIR_JAVA_HOME");
  }

  @Test
  void aBackEndThatIsNotBuiltIsSaid() throws IOException {
    Files.delete(module());

    assertThat(missing(start(jvm(25, true, false), sdk)).problem()).contains("is not built");
  }

  /** In a program that embeds the command nobody may start a process in its place. */
  @Test
  void aProgramThatEmbedsTheCommandIsToldItsOptions() {
    Missing missing = missing(start(jvm(25, false, false), sdk));

    assertThat(missing.problem()).contains("was started without TornadoVM");
    assertThat(missing.remedy())
        .contains("@" + sdk.resolve("tornado-argfile"), "-Dtornado.recover.bailout=False");
  }

  private TornadoStart start(ThisJvm jvm, Path named) {
    return launcher(jvm, named).start(ARGUMENTS);
  }

  private static TornadoLauncher launcher(ThisJvm jvm, Path named) {
    return new TornadoLauncher(jvm, Map.of("TORNADOVM_HOME", named.toString()));
  }

  private ThisJvm jvm(int feature, boolean replaceable, boolean tornado) {
    return new ThisJvm(
        Path.of("/jdk"),
        feature,
        () -> OPTIONS,
        "cli/target/kvasir.jar",
        folder,
        Optional.of(home),
        tornado,
        replaceable);
  }

  private static Missing missing(TornadoStart start) {
    assertThat(start).isInstanceOf(Missing.class);
    return (Missing) start;
  }

  private static List<String> words(TornadoStart start) {
    assertThat(start).isInstanceOf(Child.class);
    return ((Child) start).command();
  }

  private Path module() {
    return home.resolve("runtime/tornadovm/target/kvasir-runtime-tornadovm-0.1.0.jar");
  }

  private Path sdk(String name, String version) throws IOException {
    Path place = Files.createDirectories(folder.resolve(name));
    Files.writeString(place.resolve("tornado-argfile"), "-server\n");
    Files.writeString(
        Files.createDirectories(place.resolve("etc")).resolve("tornado.release"),
        "version=%s\nbranch=main\n".formatted(version));
    return place;
  }
}
