package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;
import static dev.kvasir.plans.PlanChecker.requireUnique;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks {@code memory.json} by itself: sizes, the scratch slab, derived tensors. */
final class MemoryChecker {

  private static final int MAX_BUFFERS = 20_000;
  private static final int ALIGNMENT = 64;
  private static final long MAX_SCRATCH_BYTES = 1L << 40;

  private final Plan plan;
  private final long[] sessionCounters;
  private final Map<String, BufferDeclaration> buffers = new HashMap<>();
  private final Map<String, Long> elements = new HashMap<>();

  MemoryChecker(Plan plan) {
    this.plan = plan;
    this.sessionCounters = new long[] {plan.manifest().context(), plan.manifest().span()};
  }

  void check() throws PlanException {
    List<BufferDeclaration> declared = plan.memory().buffers();
    requireRange(PlanFormat.MEMORY + ": buffers", declared.size(), 0, MAX_BUFFERS);
    requireUnique(
        PlanFormat.MEMORY + ": buffer", declared.stream().map(BufferDeclaration::name).toList());
    for (BufferDeclaration buffer : declared) {
      checkBuffer(buffer);
    }
    checkSlab(declared);
    checkDerived(declared);
    checkRequired(Program.TOKENS, StorageFormat.I32, plan.manifest().span());
    checkRequired(Program.LOGITS, StorageFormat.F32, plan.manifest().model().vocabulary());
    checkRequired(Program.NEXT, StorageFormat.I32, 1);
  }

  /**
   * {@return the buffer that something at {@code place} names}
   *
   * @throws PlanException when there is none
   */
  BufferDeclaration buffer(String place, String name) throws PlanException {
    BufferDeclaration buffer = buffers.get(name);
    if (buffer == null) {
      throw new PlanException(Reason.MALFORMED, place, "expected a declared buffer, got " + name);
    }
    return buffer;
  }

  /** {@return the elements of a declared buffer} */
  long elements(BufferDeclaration buffer) {
    return elements.getOrDefault(buffer.name(), 0L);
  }

  /** {@return the bytes of a declared buffer} */
  long bytes(BufferDeclaration buffer) {
    return buffer.format().bytes(elements(buffer));
  }

  private static String place(BufferDeclaration buffer) {
    return PlanFormat.MEMORY + ": buffer " + buffer.name();
  }

  private void checkBuffer(BufferDeclaration buffer) throws PlanException {
    String place = place(buffer);
    require(!buffer.name().isEmpty(), place, "expected a name");
    long count = sessionValue(place + ": elements", buffer.elements());
    requireRange(place + ": elements", count, 1, Integer.MAX_VALUE);
    buffers.put(buffer.name(), buffer);
    elements.put(buffer.name(), count);
    boolean bound = buffer.kind() == Kind.WEIGHT || buffer.kind() == Kind.DERIVED;
    require(
        bound != buffer.tensor().isEmpty(),
        place + ": tensor",
        bound ? "expected the name of a tensor, got none" : "expected none, got a tensor");
    if (buffer.kind() == Kind.SCRATCH) {
      requireRange(place + ": first_use", buffer.firstUse(), 0, buffer.lastUse());
      require(
          buffer.offset() >= 0 && buffer.offset() % ALIGNMENT == 0,
          place + ": offset",
          "expected a multiple of %d, got %d".formatted(ALIGNMENT, buffer.offset()));
    } else {
      require(
          buffer.firstUse() == 0 && buffer.lastUse() == 0 && buffer.offset() == 0,
          place,
          "expected uses and an offset of 0 outside scratch");
    }
    if (buffer.kind() == Kind.TABLE) {
      require(
          buffer.format() == StorageFormat.I32,
          place + ": format",
          "expected i32 for a page table, got " + buffer.format().text());
    }
  }

  private void checkSlab(List<BufferDeclaration> declared) throws PlanException {
    String place = PlanFormat.MEMORY + ": scratch_bytes";
    long slab = sessionValue(place, plan.memory().scratchBytes());
    requireRange(place, slab, 0, MAX_SCRATCH_BYTES);
    List<SharedBytes.Use> uses = new ArrayList<>();
    for (BufferDeclaration buffer : declared) {
      if (buffer.kind() == Kind.SCRATCH) {
        long bytes = bytes(buffer);
        // Written so that no sum can overflow.
        require(
            buffer.offset() <= slab - bytes,
            place(buffer),
            "expected its %d bytes at %d within the slab's %d"
                .formatted(bytes, buffer.offset(), slab));
        long end = buffer.offset() + bytes;
        uses.add(
            new SharedBytes.Use(buffer, buffer.offset(), end, buffer.firstUse(), buffer.lastUse()));
      }
    }
    Optional<SharedBytes.Conflict> conflict = SharedBytes.conflict(uses);
    if (conflict.isPresent()) {
      BufferDeclaration lower = conflict.get().lower().buffer();
      throw new PlanException(
          Reason.MALFORMED,
          place(lower),
          "expected bytes of its own from use %d to %d, got some of buffer %s"
              .formatted(
                  lower.firstUse(), lower.lastUse(), conflict.get().upper().buffer().name()));
    }
  }

  private void checkDerived(List<BufferDeclaration> declared) throws PlanException {
    byte[] content = plan.files().get(PlanFormat.WEIGHTS);
    List<BufferDeclaration> derived =
        declared.stream().filter(buffer -> buffer.kind() == Kind.DERIVED).toList();
    if (content == null) {
      require(
          derived.isEmpty(),
          PlanFormat.WEIGHTS,
          "expected the entry for derived tensors, got none");
      return;
    }
    SafetensorsFile weights;
    try {
      weights = SafetensorsFile.of(PlanFormat.WEIGHTS, MemorySegment.ofArray(content));
    } catch (SafetensorsException e) {
      throw new PlanException(Reason.MALFORMED, e.place(), e.problem(), e);
    }
    for (BufferDeclaration buffer : derived) {
      SafetensorsTensor tensor = weights.tensors().get(buffer.tensor());
      if (tensor == null
          || tensor.type() != buffer.format().tensorType()
          || tensor.elements() != buffer.format().tensorElements(elements(buffer))) {
        throw new PlanException(
            Reason.MALFORMED,
            place(buffer),
            "expected a tensor %s of %d elements of %s in %s"
                .formatted(
                    buffer.tensor(),
                    elements(buffer),
                    buffer.format().tensorType(),
                    PlanFormat.WEIGHTS));
      }
    }
  }

  private void checkRequired(String name, StorageFormat format, long least) throws PlanException {
    BufferDeclaration buffer = buffer(PlanFormat.MEMORY, name);
    require(
        buffer.kind() == Kind.SCRATCH && buffer.format() == format && elements(buffer) >= least,
        place(buffer),
        "expected scratch of at least %d elements of %s, got %d of %s"
            .formatted(least, format.text(), elements(buffer), buffer.format().text()));
  }

  private long sessionValue(String place, Expression expression) throws PlanException {
    try {
      return expression.compile(CounterIndex.ofSession()).evaluate(sessionCounters);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }
}
