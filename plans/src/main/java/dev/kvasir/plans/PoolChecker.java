package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;

import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Checks that pools have pages of one kind and enough of them for all segments. */
final class PoolChecker {

  /**
   * What the pages of a pool hold.
   *
   * @param elements of a page
   * @param packing empty for pages of rows as they are
   * @param keyDim elements of a key row in a packed page, else 0
   */
  private record PageKind(long elements, Optional<Packing> packing, int keyDim) {}

  private final Plan plan;
  private final MemoryChecker memory;
  private final Map<String, PageKind> kinds = new HashMap<>();
  private final Map<String, Long> pages = new HashMap<>();

  PoolChecker(Plan plan, MemoryChecker memory) {
    this.plan = plan;
    this.memory = memory;
  }

  /** Adds the pages of a segment, whose shape has been checked, to its pools. */
  void check(String segmentPlace, SegmentDeclaration segment) throws PlanException {
    int rows = plan.manifest().pageRows();
    int keyDim = segment.keyDim();
    int valueDim = segment.valueDim();
    long heads = segment.heads().size();
    Optional<Packing> packed = segment.packing();
    PageKind plain = new PageKind((long) rows * (keyDim + valueDim), Optional.empty(), 0);
    String place = segmentPlace + ": pool";
    long plainPages = packed.isPresent() ? heads : heads * segment.slots();
    use(place, segment.pool(), segment.format(), plain, plainPages);
    if (segment.beside().isPresent()) {
      Beside beside = segment.beside().get();
      PageKind kind = new PageKind(beside.elements(rows), Optional.empty(), 0);
      use(place, beside.pool(), beside.format(), kind, heads * segment.slots());
    }
    if (packed.isEmpty()) {
      return;
    }
    Packing packing = packed.get();
    long slotPages = heads * segment.slots();
    String packedPlace = segmentPlace + ": packing: ";
    long keys =
        use(
            packedPlace + "key_pool",
            packing.keyPool(),
            packing.key().codes(),
            new PageKind((long) rows * keyDim, packed, keyDim),
            slotPages);
    long values =
        use(
            packedPlace + "value_pool",
            packing.valuePool(),
            packing.value().codes(),
            new PageKind((long) rows * valueDim, packed, keyDim),
            slotPages);
    long scales =
        use(
            packedPlace + "scale_pool",
            packing.scalePool(),
            StorageFormat.F16,
            new PageKind(packing.scaleElements(rows, keyDim, valueDim), packed, keyDim),
            slotPages);
    // One page number stands for a page in each.
    require(
        keys == values && keys == scales,
        segmentPlace + ": packing",
        "expected pools of equally many pages, got %d, %d and %d".formatted(keys, values, scales));
    require(
        !packing.keyPool().equals(packing.valuePool()),
        segmentPlace + ": packing",
        "expected three pools, got %s twice".formatted(packing.keyPool()));
  }

  /** {@return the pages that the pool has room for} */
  private long use(String place, String name, StorageFormat format, PageKind kind, long needed)
      throws PlanException {
    BufferDeclaration pool = memory.buffer(place, name);
    require(
        pool.kind() == Kind.POOL && pool.format() == format,
        place,
        "expected a pool of %s pages, got %s".formatted(format.text(), pool.name()));
    PageKind first = kinds.putIfAbsent(name, kind);
    // A page number means an offset only where all pages are equally large.
    require(
        first == null || first.elements() == kind.elements(),
        place,
        "expected pages of one size in a pool, got two");
    require(
        first == null || first.equals(kind),
        place,
        "expected pages of one packing in a pool, got two");
    long sum = pages.merge(name, needed, Long::sum);
    long room = memory.elements(pool) / kind.elements();
    require(
        sum <= room,
        place,
        "expected room for %d pages of %d elements, got %d elements"
            .formatted(sum, kind.elements(), memory.elements(pool)));
    return room;
  }
}
