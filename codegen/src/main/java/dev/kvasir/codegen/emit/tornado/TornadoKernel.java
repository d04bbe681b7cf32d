package dev.kvasir.codegen.emit.tornado;

import java.util.List;

/**
 * A kernel for the {@code tornado} target: a class with one public static void method.
 *
 * <p>It runs on a grid of {@code threads * extent of the first axis} by the extents of the other
 * axes, in work-groups of {@code threads} by 1 by 1: {@code groupIdx}, {@code groupIdy} and {@code
 * groupIdz} are the coordinates on the kernel's axes, in their order.
 *
 * @param classFile the class file
 * @param className binary name of the class, dots between packages
 * @param methodName the method, also the name of the device kernel
 * @param threads threads of a work-group
 * @param arguments what the method takes, in order
 * @param localBytes local memory of a work-group
 */
public record TornadoKernel(
    byte[] classFile,
    String className,
    String methodName,
    int threads,
    List<Argument> arguments,
    int localBytes) {

  /** Copies the list. */
  public TornadoKernel {
    arguments = List.copyOf(arguments);
  }

  /** A parameter of the method. */
  public sealed interface Argument {
    /** The {@code KernelContext}. */
    record Context() implements Argument {}

    /**
     * An {@code IntArray} with the launch arguments of each sequence, [sequence][dim] in the order
     * of the kernel's dims; absent when the kernel has none.
     */
    record Dims() implements Argument {}

    /** A {@code FloatArray} for an f32 buffer of the kernel, an {@code IntArray} for an i32 one. */
    record Buffer(String name) implements Argument {}
  }
}
