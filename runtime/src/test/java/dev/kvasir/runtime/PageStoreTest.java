package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.toy.PackedToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageStoreTest {

  @TempDir private Path folder;
  private Plan plan;

  @BeforeEach
  void makePlan() throws IOException {
    plan = PackedToyPlan.of(ToyModel.write(folder.resolve("model")), 128, 64);
  }

  @Test
  void memoryLivesUntilTheLastLeaves() {
    long reserved = MemoryLimit.reservedBytes();
    SessionMemory.Sizes sizes = SessionMemory.Sizes.of(plan, 3);
    PageStore store = PageStore.allocate(plan, sizes);
    List<MemorySegment> buffers = List.copyOf(store.buffers().values());
    store.join();
    store.join();
    assertThatThrownBy(store::join)
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORKS_EXHAUSTED));
    store.leave();
    store.join();
    for (int left = 0; left < 3; left++) {
      assertThat(MemoryLimit.reservedBytes()).isEqualTo(reserved + sizes.total());
      assertThat(buffers).hasSize(7).allMatch(buffer -> buffer.scope().isAlive());
      store.leave();
    }
    assertThat(buffers).noneMatch(buffer -> buffer.scope().isAlive());
    assertThat(MemoryLimit.reservedBytes()).isEqualTo(reserved);
  }

  @Test
  void pagesAreHeldByCount() {
    PageStore store = PageStore.allocate(plan, SessionMemory.Sizes.of(plan, 2));
    long tables = store.allocatedBytes();
    assertThat(tables).isEqualTo(SessionMemory.Sizes.of(plan, 2).tables());
    SegmentDeclaration segment = plan.program().segments().getFirst();
    PagePool pool = store.slotPool(segment);
    assertThat(pool.pageBytes()).isEqualTo(PackedToyPlan.FULL_PAGE_BYTES);
    assertThat(store.pool(segment).pageBytes()).isEqualTo(PackedToyPlan.OPEN_PAGE_BYTES);
    int page = pool.take();
    assertThat(pool.own(page)).isEqualTo(page);
    assertThat(pool.shared(page)).isFalse();
    pool.share(page);
    assertThat(pool.shared(page)).isTrue();
    assertThat(store.allocatedBytes()).isEqualTo(tables + PackedToyPlan.FULL_PAGE_BYTES);
    int copy = pool.own(page);
    assertThat(copy).isNotEqualTo(page);
    assertThat(pool.shared(page)).isFalse();
    assertThat(store.allocatedBytes()).isEqualTo(tables + 2 * PackedToyPlan.FULL_PAGE_BYTES);
    pool.give(page);
    pool.give(copy);
    assertThat(store.allocatedBytes()).isEqualTo(tables);
    Set<Integer> all = new HashSet<>();
    // Two heads of two pages, for two sessions.
    for (int i = 0; i < 8; i++) {
      all.add(pool.take());
    }
    assertThat(all).hasSize(8);
    assertThatThrownBy(pool::take)
        .isInstanceOfSatisfying(
            KvasirException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.PLAN_INCONSISTENT));
    store.leave();
  }

  @Test
  void aCopyHasTheContentOfAllParts() {
    PageStore store = PageStore.allocate(plan, SessionMemory.Sizes.of(plan, 1));
    PagePool pool = store.slotPool(plan.program().segments().getFirst());
    int page = pool.take();
    List<String> names = List.of("full.keys", "full.values", "full.scales");
    long[] sizes = {64 * 16, 64 * 80 / 2, 704 * 2};
    for (int i = 0; i < names.size(); i++) {
      part(store, names.get(i), page, sizes[i]).fill((byte) (i + 1));
    }
    int copy = pool.copy(page);
    for (int i = 0; i < names.size(); i++) {
      MemorySegment part = part(store, names.get(i), copy, sizes[i]);
      assertThat(part.mismatch(part(store, names.get(i), page, sizes[i]))).isEqualTo(-1);
    }
    store.leave();
  }

  private static MemorySegment part(PageStore store, String name, int page, long bytes) {
    MemorySegment buffer = store.buffers().get(name);
    if (buffer == null) {
      throw new AssertionError("no buffer " + name);
    }
    return buffer.asSlice(page * bytes, bytes);
  }
}
