package dev.kvasir.cli;

import dev.kvasir.plans.PlanFormat;
import picocli.CommandLine.IVersionProvider;

/** Says which Kvasir this is, which plans it reads and what Java runs it. */
final class VersionProvider implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = Main.class.getPackage().getImplementationVersion();
    return new String[] {
      "kvasir %s, plan format %d.%d, Java %s"
          .formatted(
              version == null ? "development build" : version,
              PlanFormat.MAJOR,
              PlanFormat.MINOR,
              Runtime.version())
    };
  }
}
