package dev.kvasir.cli.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Whether there is an SDK for the tests that run on TornadoVM's devices. */
final class TornadoSdkTest {

  /**
   * Without an SDK the build leaves out the module of the back end, and with it the conformance
   * suite on devices. Then this test is reported as skipped, in place of all of them.
   */
  @Test
  void conformanceSuiteHasTheSdkThatTheCommandTakes() {
    String ofBuild = System.getProperty("kvasir.tornadovm.home", "");
    if (ofBuild.isEmpty()) {
      String reason =
          "the tests on TornadoVM's devices are left out, since there is no TornadoVM SDK of"
              + " version %s: %s".formatted(TornadoSdk.VERSION, absence());
      // Maven shows that tests are skipped, and not why.
      System.out.println("skipped: " + reason);
      Assumptions.abort(reason);
    }
    TornadoSdk sdk = new TornadoSdk(Path.of(ofBuild));
    assertThat(sdk.version()).isEqualTo(TornadoSdk.VERSION);
    assertThat(sdk.argumentFile()).isReadable();
  }

  private static String absence() {
    Map<String, String> environment = System.getenv();
    Path userHome = Path.of(System.getProperty("user.home", ""));
    return TornadoSdk.find(environment, userHome)
        .map(other -> "the one in %s has version '%s'".formatted(other.home(), other.version()))
        .orElseGet(() -> TornadoSdk.absence(environment, userHome));
  }
}
