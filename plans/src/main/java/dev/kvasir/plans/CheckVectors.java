package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The inputs and known results of every kernel's check, {@code checks.safetensors}.
 *
 * <p>For each argument that the kernel reads there is {@code KERNEL.in.ARGUMENT}: from one to as
 * many values as its buffer has elements, in the argument's format, repeated from the start until
 * the buffer is full. For each that it writes there is {@code KERNEL.out.ARGUMENT}: one value for
 * each element, NaN for floating-point formats and the smallest integer for i32 and i8 where the
 * kernel must leave the element as it was.
 *
 * <p>Arguments of codes have tensors of U8 with the bytes of their blocks, as {@link PackedCodes}
 * says; inputs repeat in whole blocks. No code is free to mark an element that the kernel leaves
 * alone: where the argument is not read, each byte of its buffer is {@link #UNTOUCHED_CODES} before
 * the check, and the tensor holds what is there afterwards.
 */
public final class CheckVectors {

  /** Every byte, before a check, of a buffer of codes that the kernel does not read. */
  public static final byte UNTOUCHED_CODES = (byte) 0xa5;

  private final SortedMap<String, SafetensorsTensor> tensors;

  private CheckVectors(SortedMap<String, SafetensorsTensor> tensors) {
    this.tensors = tensors;
  }

  /** Collects the vectors of all kernels. */
  public static final class Builder {
    private final SafetensorsWriter writer = new SafetensorsWriter();

    /** Adds what an argument holds before the check; the values repeat until the buffer is full. */
    public Builder input(String kernel, Argument argument, float[] values) {
      return add(inputName(kernel, argument.name()), argument.format(), values);
    }

    /**
     * Adds what an argument of integers or of codes holds before the check; the values repeat.
     * Codes repeat in whole blocks: give a multiple of {@link PackedCodes#blockElements}, or all of
     * them.
     */
    public Builder input(String kernel, Argument argument, int[] values) {
      return add(inputName(kernel, argument.name()), argument.format(), values);
    }

    /** Adds what an argument holds after the check, NaN where it is untouched. */
    public Builder output(String kernel, Argument argument, float[] values) {
      return add(outputName(kernel, argument.name()), argument.format(), values);
    }

    /**
     * Adds what an argument of integers or of codes holds after the check, the smallest integer
     * where it is untouched. Codes that the kernel also reads are all given, touched or not.
     */
    public Builder output(String kernel, Argument argument, int[] values) {
      return add(outputName(kernel, argument.name()), argument.format(), values);
    }

    /** {@return the content of {@code checks.safetensors}} */
    public byte[] toBytes() {
      return writer.toBytes();
    }

    private Builder add(String name, StorageFormat format, float[] values) {
      switch (format) {
        case F32 -> writer.addFloats(name, values, values.length);
        case F16, BF16 -> addShorts(name, format, values);
        case I32, I8, U8, U4 -> throw new IllegalArgumentException(name + " holds integers");
      }
      return this;
    }

    private Builder add(String name, StorageFormat format, int[] values) {
      switch (format) {
        case I32 -> writer.addInts(name, values, values.length);
        case I8 -> addBytes(name, values);
        case U8, U4 -> addCodes(name, format, values);
        case F32, F16, BF16 ->
            throw new IllegalArgumentException(name + " holds floating-point numbers");
      }
      return this;
    }

    private void addBytes(String name, int[] values) {
      byte[] bytes = new byte[values.length];
      for (int i = 0; i < values.length; i++) {
        bytes[i] = (byte) Math.max(values[i], Byte.MIN_VALUE);
      }
      List<Long> shape = List.of((long) values.length);
      MemorySegment data = MemorySegment.ofArray(bytes);
      writer.add(new SafetensorsTensor(name, SafetensorsType.I8, shape, data));
    }

    private void addCodes(String name, StorageFormat format, int[] values) {
      byte[] bytes = new byte[Math.toIntExact(format.bytes(values.length))];
      MemorySegment codes = MemorySegment.ofArray(bytes).fill(UNTOUCHED_CODES);
      for (int i = 0; i < values.length; i++) {
        if (values[i] != Integer.MIN_VALUE) {
          PackedCodes.set(codes, format.bits(), i, values[i]);
        }
      }
      writer.addBytes(name, bytes, bytes.length);
    }

    private void addShorts(String name, StorageFormat format, float[] values) {
      byte[] bytes = new byte[Math.toIntExact(format.bytes(values.length))];
      ByteBuffer shorts = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        boolean half = format == StorageFormat.F16;
        shorts.putShort(half ? Float.floatToFloat16(value) : StorageFormat.bf16(value));
      }
      List<Long> shape = List.of((long) values.length);
      MemorySegment data = MemorySegment.ofArray(bytes);
      writer.add(new SafetensorsTensor(name, format.tensorType(), shape, data));
    }
  }

  /**
   * {@return the vectors of {@code plan}, complete for all its kernels}
   *
   * @throws PlanException when the plan has none, or they do not fit the kernels' declarations
   */
  public static CheckVectors of(Plan plan) throws PlanException {
    byte[] bytes = plan.files().get(PlanFormat.CHECKS);
    if (bytes == null) {
      throw new PlanException(Reason.MALFORMED, PlanFormat.CHECKS, "expected the entry, got none");
    }
    SafetensorsFile file;
    try {
      file = SafetensorsFile.of(PlanFormat.CHECKS, MemorySegment.ofArray(bytes));
    } catch (SafetensorsException e) {
      throw new PlanException(Reason.MALFORMED, e.place(), e.problem(), e);
    }
    SortedSet<String> unused = new TreeSet<>(file.names());
    SortedMap<String, SafetensorsTensor> tensors = new TreeMap<>();
    for (KernelDeclaration kernel : plan.program().kernels()) {
      for (int i = 0; i < kernel.arguments().size(); i++) {
        Argument argument = kernel.arguments().get(i);
        long elements = kernel.check().elements().get(i);
        if (argument.read()) {
          String name = inputName(kernel.name(), argument.name());
          tensors.put(name, input(file, name, argument.format(), elements));
        }
        if (argument.written()) {
          String name = outputName(kernel.name(), argument.name());
          long all = argument.format().tensorElements(elements);
          tensors.put(name, tensor(file, name, argument.format(), all, all));
        }
      }
    }
    unused.removeAll(tensors.keySet());
    if (!unused.isEmpty()) {
      throw new PlanException(
          Reason.MALFORMED, PlanFormat.CHECKS, "expected no tensor " + unused.first());
    }
    return new CheckVectors(tensors);
  }

  /**
   * {@return what an argument holds before the check; the values repeat until the buffer is full}
   *
   * @throws IllegalArgumentException when the kernel does not read the argument
   */
  public SafetensorsTensor input(String kernel, String argument) {
    return get(inputName(kernel, argument));
  }

  /**
   * {@return what an argument holds after the check, untouched elements marked}
   *
   * @throws IllegalArgumentException when the kernel does not write the argument
   */
  public SafetensorsTensor output(String kernel, String argument) {
    return get(outputName(kernel, argument));
  }

  private SafetensorsTensor get(String name) {
    SafetensorsTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no check vector " + name);
    }
    return tensor;
  }

  private static SafetensorsTensor input(
      SafetensorsFile file, String name, StorageFormat format, long elements) throws PlanException {
    long least = format.isCode() ? PackedCodes.BLOCK_BYTES : 1;
    SafetensorsTensor tensor = tensor(file, name, format, least, format.tensorElements(elements));
    if (tensor.elements() % least != 0) {
      throw new PlanException(
          Reason.MALFORMED,
          PlanFormat.CHECKS + ": tensor " + name,
          "expected whole blocks of %d bytes, got %d bytes".formatted(least, tensor.elements()));
    }
    return tensor;
  }

  private static SafetensorsTensor tensor(
      SafetensorsFile file, String name, StorageFormat format, long least, long most)
      throws PlanException {
    String place = PlanFormat.CHECKS + ": tensor " + name;
    SafetensorsTensor tensor = file.tensors().get(name);
    if (tensor == null) {
      throw new PlanException(Reason.MALFORMED, place, "expected it, got none");
    }
    SafetensorsType type = format.tensorType();
    if (tensor.type() != type || tensor.elements() < least || tensor.elements() > most) {
      throw new PlanException(
          Reason.MALFORMED,
          place,
          "expected %d to %d elements of %s, got %d of %s"
              .formatted(least, most, type, tensor.elements(), tensor.type()));
    }
    return tensor;
  }

  private static String inputName(String kernel, String argument) {
    return kernel + ".in." + argument;
  }

  private static String outputName(String kernel, String argument) {
    return kernel + ".out." + argument;
  }
}
