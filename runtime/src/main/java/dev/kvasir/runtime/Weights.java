package dev.kvasir.runtime;

import dev.kvasir.plans.ModelFiles;
import dev.kvasir.plans.ModelTensors;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Binds the buffers that all sessions share: the model's weights and the plan's own tensors. */
final class Weights {

  /** The target whose kernels have no bf16: its plans may name f32 for such a tensor. */
  private static final String WITHOUT_BF16 = "tornado";

  private Weights() {}

  /**
   * {@return the bytes of every such buffer by name: the model's mapped, or widened where the
   * target has no bf16, the plan's copied out of the plan, all valid as long as {@code arena}}
   *
   * @throws KvasirException when a tensor is absent or has another size or type
   * @throws IOException when a file is missing, broken or cannot be read
   */
  static Map<String, MemorySegment> bind(Plan plan, Path modelDirectory, Arena arena)
      throws IOException {
    ModelFiles files = ModelFiles.locate(modelDirectory);
    ModelTensors model = ModelTensors.open(files, arena);
    SafetensorsFile derived = derived(plan, arena);
    Map<String, MemorySegment> buffers = new HashMap<>();
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      switch (buffer.kind()) {
        case WEIGHT ->
            buffers.put(
                buffer.name(),
                weight(
                    plan, buffer, model.tensor(buffer.tensor()), files.place().toString(), arena));
        case DERIVED ->
            buffers.put(
                buffer.name(), bind(plan, buffer, derived.tensor(buffer.tensor()), "the plan"));
        case POOL, TABLE, STATE, SCRATCH -> {}
      }
    }
    return Map.copyOf(buffers);
  }

  private static SafetensorsFile derived(Plan plan, Arena arena) throws IOException {
    byte[] entry = plan.files().get(PlanFormat.WEIGHTS);
    byte[] file = entry == null ? new SafetensorsWriter().toBytes() : entry;
    MemorySegment copy =
        LargeMemory.allocate(arena, file.length).copyFrom(MemorySegment.ofArray(file));
    return SafetensorsFile.of(PlanFormat.WEIGHTS, copy);
  }

  private static MemorySegment weight(
      Plan plan,
      BufferDeclaration buffer,
      Optional<SafetensorsTensor> found,
      String place,
      Arena arena) {
    boolean widens =
        plan.manifest().target().equals(WITHOUT_BF16)
            && buffer.format() == StorageFormat.F32
            && found.isPresent()
            && found.get().type() == SafetensorsType.BF16
            && found.get().elements() * Float.BYTES == SessionMemory.bytes(plan, buffer);
    return widens ? widened(found.get(), arena) : bind(plan, buffer, found, place);
  }

  /** {@return a tensor of bf16 as f32: the same numbers} */
  private static MemorySegment widened(SafetensorsTensor tensor, Arena arena) {
    long elements = tensor.elements();
    MemorySegment halves = tensor.data();
    MemorySegment floats = LargeMemory.allocate(arena, elements * Float.BYTES);
    for (long i = 0; i < elements; i++) {
      int upper = halves.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i);
      floats.setAtIndex(ValueLayout.JAVA_INT, i, upper << Short.SIZE);
    }
    return floats.asReadOnly();
  }

  private static MemorySegment bind(
      Plan plan, BufferDeclaration buffer, Optional<SafetensorsTensor> found, String place) {
    SafetensorsTensor tensor =
        found.orElseThrow(
            () ->
                new KvasirException(
                    ErrorCode.WEIGHT_MISSING,
                    "%s has no tensor %s, which the plan needs; use the model that the plan was"
                            .formatted(place, buffer.tensor())
                        + " compiled for"));
    long bytes = SessionMemory.bytes(plan, buffer);
    if (tensor.type() != buffer.format().tensorType() || tensor.data().byteSize() != bytes) {
      throw new KvasirException(
          ErrorCode.WEIGHT_MISMATCH,
          "%s: tensor %s must have %d elements of %s, got %d of %s; use the model that the plan was"
                  .formatted(
                      place,
                      buffer.tensor(),
                      bytes / buffer.format().tensorType().bytes(),
                      buffer.format().tensorType(),
                      tensor.elements(),
                      tensor.type())
              + " compiled for");
    }
    return tensor.data();
  }
}
