package dev.kvasir.runtime.backend;

import dev.kvasir.plans.verify.VerifiedKernelClasses;
import java.util.Map;
import java.util.Set;

/**
 * Defines the kernel classes of one plan, which have been verified, and shows them nothing but
 * {@code java.base} and the Vector API.
 */
final class KernelClassLoader extends ClassLoader {

  private static final Set<String> VISIBLE_MODULES = Set.of("java.base", "jdk.incubator.vector");

  private final Map<String, byte[]> kernels;

  static {
    registerAsParallelCapable();
  }

  /**
   * @param kernels what the verifier accepted, all widths of the plan
   * @param vectorBits the width that is defined
   */
  KernelClassLoader(VerifiedKernelClasses kernels, int vectorBits) {
    super("kvasir-kernels", null);
    this.kernels = kernels.classes(vectorBits);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (kernels.containsKey(name)) {
      return super.loadClass(name, resolve);
    }
    Class<?> platform = super.loadClass(name, resolve);
    String module = platform.getModule().getName();
    if (module == null || !VISIBLE_MODULES.contains(module)) {
      throw new ClassNotFoundException(name + " is not visible to kernels");
    }
    return platform;
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] bytes = kernels.get(name);
    if (bytes == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, bytes, 0, bytes.length);
  }
}
