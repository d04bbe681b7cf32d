package dev.kvasir.runtime;

import dev.kvasir.plans.ModelFiles;
import dev.kvasir.plans.ModelTensors;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Binds the buffers that all sessions share: the model's weights and the plan's own tensors. */
final class Weights {

  private Weights() {}

  /**
   * {@return the bytes of every such buffer by name: the model's mapped, the plan's copied out of
   * the plan, both valid as long as {@code arena}}
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
                bind(plan, buffer, model.tensor(buffer.tensor()), files.place().toString()));
        case DERIVED ->
            buffers.put(
                buffer.name(), bind(plan, buffer, derived.tensor(buffer.tensor()), "the plan"));
        case POOL, TABLE, SCRATCH -> {}
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
