package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.codegen.emit.tornado.TornadoLowering;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.util.List;
import java.util.Map;

/** What kernels and their buffers become in plans of a target. */
public enum KernelTarget {
  /** Class files over the Vector API, for vectors of every width. */
  JVM {
    @Override
    public boolean checksBounds() {
      return true;
    }

    @Override
    public boolean stores(ElementFormat format) {
      return true;
    }

    @Override
    ElementFormat weights(ElementFormat stored) {
      return stored;
    }

    @Override
    void addClasses(List<Kernel> kernels, Map<String, byte[]> files) {
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        JvmLowering.lowerTogether(kernels, bits)
            .forEach((name, bytes) -> files.put(JvmKernelAbi.entryName(name, bits), bytes));
      }
    }
  },

  /** Class files over TornadoVM's API, which has no bf16 and no way to read its bits. */
  TORNADO {
    @Override
    public boolean checksBounds() {
      return false;
    }

    @Override
    public boolean stores(ElementFormat format) {
      return format != ElementFormat.BF16;
    }

    /** What is bound to a buffer is widened, which is exact. */
    @Override
    ElementFormat weights(ElementFormat stored) {
      return stored == ElementFormat.BF16 ? ElementFormat.F32 : stored;
    }

    @Override
    void addClasses(List<Kernel> kernels, Map<String, byte[]> files) {
      for (Kernel kernel : kernels) {
        files.put(
            TornadoKernelAbi.entryName(kernel.name()), TornadoLowering.lower(kernel).classFile());
      }
    }
  };

  /** {@return whether a kernel that leaves its buffers is stopped, whatever it holds} */
  public abstract boolean checksBounds();

  /** {@return whether cache rows can have this format} */
  public abstract boolean stores(ElementFormat format);

  /** {@return the format of the buffer of a weight that the model stores in {@code stored}} */
  abstract ElementFormat weights(ElementFormat stored);

  /**
   * Adds the class files of kernels to the entries of a plan.
   *
   * @throws dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException when a kernel is beyond
   *     what the target can do
   */
  abstract void addClasses(List<Kernel> kernels, Map<String, byte[]> files);
}
