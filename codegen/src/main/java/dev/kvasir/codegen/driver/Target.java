package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.assemble.KernelTarget;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.ir.type.ElementFormat;

/**
 * What kernels are compiled for.
 *
 * @param name as plans and the command line name it
 * @param profile what tiles are sized for
 * @param storage how cache rows are stored when the policy does not say
 * @param kernels what kernels become
 */
public record Target(
    String name, TargetProfile profile, ElementFormat storage, KernelTarget kernels) {

  private static final Target JVM =
      new Target("jvm", TargetProfile.jvm(), ElementFormat.BF16, KernelTarget.JVM);

  private static final Target TORNADO =
      new Target("tornado", TargetProfile.tornado(), ElementFormat.F16, KernelTarget.TORNADO);

  /** {@return the embedded default: class files over the Vector API} */
  public static Target jvm() {
    return JVM;
  }

  /** {@return GPUs, through TornadoVM: class files over its API, which it compiles for a device} */
  public static Target tornado() {
    return TORNADO;
  }
}
