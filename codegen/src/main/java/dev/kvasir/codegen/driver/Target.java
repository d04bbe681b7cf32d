package dev.kvasir.codegen.driver;

/**
 * What kernels are compiled for.
 *
 * @param name as plans and the command line name it
 */
public record Target(String name) {

  private static final Target JVM = new Target("jvm");

  /** {@return the embedded default: class files over the Vector API} */
  public static Target jvm() {
    return JVM;
  }
}
