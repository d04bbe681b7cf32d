package dev.kvasir.runtime.backend;

import java.util.Map;
import java.util.Set;

/**
 * Defines the kernel classes of one plan and shows them nothing but {@code java.base} and the
 * Vector API.
 */
final class KernelClassLoader extends ClassLoader {

  private static final Set<String> VISIBLE_MODULES = Set.of("java.base", "jdk.incubator.vector");

  private final Map<String, byte[]> kernels;

  static {
    registerAsParallelCapable();
  }

  /**
   * @param kernels class files by binary name
   */
  KernelClassLoader(Map<String, byte[]> kernels) {
    super("kvasir-kernels", null);
    this.kernels = Map.copyOf(kernels);
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
