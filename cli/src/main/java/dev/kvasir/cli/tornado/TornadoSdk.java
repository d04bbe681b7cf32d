package dev.kvasir.cli.tornado;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An installed TornadoVM SDK.
 *
 * @param home its folder
 */
record TornadoSdk(Path home) {
  /** The version that Kvasir's back end is made for; the launcher has it too. */
  static final String VERSION = "5.2.0-jdk25";

  /** Names the folder of the SDK. */
  static final String VARIABLE = "TORNADOVM_HOME";

  private static final String USUAL = ".sdkman/candidates/tornadovm/current";
  private static final Pattern RELEASE = Pattern.compile("(?m)^version=(\\S+)$");

  /** {@return the SDK that the environment names, or else the one in the usual place, if any} */
  static Optional<TornadoSdk> find(Map<String, String> environment, Path userHome) {
    TornadoSdk sdk = new TornadoSdk(place(environment, userHome));
    return Files.isReadable(sdk.argumentFile()) ? Optional.of(sdk) : Optional.empty();
  }

  /** {@return why there is none, for people} */
  static String absence(Map<String, String> environment, Path userHome) {
    Path place = place(environment, userHome);
    return named(environment).isPresent()
        ? "%s names %s, which holds no tornado-argfile".formatted(VARIABLE, place)
        : "%s is not set, and there is none in %s".formatted(VARIABLE, place);
  }

  private static Path place(Map<String, String> environment, Path userHome) {
    return named(environment).map(Path::of).orElse(userHome.resolve(USUAL)).toAbsolutePath();
  }

  private static Optional<String> named(Map<String, String> environment) {
    return Optional.ofNullable(environment.get(VARIABLE)).filter(value -> !value.isBlank());
  }

  /** {@return the options of Java with which TornadoVM works} */
  Path argumentFile() {
    return home.resolve("tornado-argfile");
  }

  /** {@return the folder of TornadoVM's modules} */
  Path modules() {
    return home.resolve("share/java/tornado");
  }

  /** {@return what the SDK says of itself, as 5.2.0-jdk25; empty when it says nothing} */
  String version() {
    try {
      Matcher matcher = RELEASE.matcher(Files.readString(home.resolve("etc/tornado.release")));
      return matcher.find() ? matcher.group(1) : "";
    } catch (IOException e) {
      return "";
    }
  }
}
