package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.tile.TargetProfile;

/**
 * What kernels are compiled for.
 *
 * @param name as plans and the command line name it
 * @param profile what tiles are sized for
 */
public record Target(String name, TargetProfile profile) {

  private static final Target JVM = new Target("jvm", TargetProfile.jvm());

  /** {@return the embedded default: class files over the Vector API} */
  public static Target jvm() {
    return JVM;
  }
}
