package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.ClassFile;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;

/** A kernel's class file, loaded: runs grids over native segments with hostile working storage. */
public final class LoadedKernel {

  private final Method entry;
  private final float[] tileFloats;
  private final int[] tileInts;

  private LoadedKernel(Method entry, int tileFloats, int tileInts) {
    this.entry = entry;
    this.tileFloats = new float[tileFloats];
    this.tileInts = new int[tileInts];
  }

  /** A loader of its own for each kernel, so that many may have one name. */
  private static final class Loader extends ClassLoader {
    private final Map<String, byte[]> classFiles;

    Loader(Map<String, byte[]> classFiles) {
      super(LoadedKernel.class.getClassLoader());
      this.classFiles = classFiles;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      byte[] classFile = classFiles.get(name);
      if (classFile == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, classFile, 0, classFile.length);
    }
  }

  /**
   * Loads a class file that is whole in itself.
   *
   * @param tileFloats elements of f32 working storage
   * @param tileInts elements of i32 working storage
   */
  public static LoadedKernel of(byte[] classFile, int tileFloats, int tileInts) {
    String name = ClassFile.of().parse(classFile).thisClass().asInternalName().replace('/', '.');
    return of(Map.of(name, classFile), name, tileFloats, tileInts);
  }

  /**
   * Loads a kernel with the classes beside it.
   *
   * @param classFiles by binary name
   * @param name binary name of the kernel's own
   */
  public static LoadedKernel of(
      Map<String, byte[]> classFiles, String name, int tileFloats, int tileInts) {
    Class<?> kernel;
    try {
      kernel = new Loader(classFiles).loadClass(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
    try {
      Method entry =
          kernel.getMethod(
              JvmKernelAbi.ENTRY,
              MemorySegment[].class,
              int[].class,
              float[].class,
              int[].class,
              int.class,
              int.class,
              int.class);
      return new LoadedKernel(entry, tileFloats, tileInts);
    } catch (NoSuchMethodException e) {
      throw new AssertionError(kernel + " has no entry", e);
    }
  }

  /**
   * Runs all grid points, last to first. Each finds NaN in its f32 tiles and the smallest integer
   * in its i32 tiles.
   *
   * @param buffers in argument order
   * @param dims of all sequences, one after the other
   * @param grid extents of one to three axes
   */
  public void run(MemorySegment[] buffers, int[] dims, int... grid) {
    int[] extents = {1, 1, 1};
    System.arraycopy(grid, 0, extents, 0, grid.length);
    for (int first = extents[0] - 1; first >= 0; first--) {
      for (int second = extents[1] - 1; second >= 0; second--) {
        for (int third = extents[2] - 1; third >= 0; third--) {
          Arrays.fill(tileFloats, Float.NaN);
          Arrays.fill(tileInts, Integer.MIN_VALUE);
          invoke(buffers, dims, first, second, third);
        }
      }
    }
  }

  private void invoke(MemorySegment[] buffers, int[] dims, int first, int second, int third) {
    try {
      entry.invoke(null, buffers, dims, tileFloats, tileInts, first, second, third);
    } catch (InvocationTargetException e) {
      throw new AssertionError(
          "grid point (%d, %d, %d) throws".formatted(first, second, third), e.getCause());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }
}
