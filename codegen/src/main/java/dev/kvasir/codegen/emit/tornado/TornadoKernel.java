package dev.kvasir.codegen.emit.tornado;

/**
 * A kernel for the {@code tornado} target, called as {@link dev.kvasir.plans.abi.TornadoKernelAbi}
 * says.
 *
 * @param name the kernel's name
 * @param classFile its class file
 * @param localBytes local memory of a work-group
 */
public record TornadoKernel(String name, byte[] classFile, int localBytes) {}
