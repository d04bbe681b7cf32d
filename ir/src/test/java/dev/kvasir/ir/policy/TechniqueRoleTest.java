package dev.kvasir.ir.policy;

import static dev.kvasir.ir.policy.TechniqueRole.FUSION;
import static dev.kvasir.ir.policy.TechniqueRole.MERGE;
import static dev.kvasir.ir.policy.TechniqueRole.QUANTISATION;
import static dev.kvasir.ir.policy.TechniqueRole.SELECTION;
import static dev.kvasir.ir.policy.TechniqueRole.STORAGE;
import static dev.kvasir.ir.policy.TechniqueRole.STREAMING;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TechniqueRoleTest {
  /** The whole table, written out. */
  private static final Set<List<TechniqueRole>> COMPATIBLE =
      Set.of(
          List.of(STREAMING, STORAGE),
          List.of(STREAMING, QUANTISATION),
          List.of(SELECTION, MERGE),
          List.of(SELECTION, STORAGE),
          List.of(SELECTION, QUANTISATION),
          List.of(FUSION, STORAGE),
          List.of(FUSION, QUANTISATION),
          List.of(MERGE, STORAGE),
          List.of(MERGE, QUANTISATION),
          List.of(STORAGE, QUANTISATION));

  @Test
  void rolesShareAHeadAsTheTableSaysInEitherOrder() {
    Set<List<TechniqueRole>> compatible = new HashSet<>();
    for (TechniqueRole first : TechniqueRole.values()) {
      for (TechniqueRole second : TechniqueRole.values()) {
        assertThat(TechniqueRole.conflict(first, second))
            .as("%s and %s", first, second)
            .isEqualTo(TechniqueRole.conflict(second, first));
        if (first.compareTo(second) <= 0 && TechniqueRole.conflict(first, second).isEmpty()) {
          compatible.add(List.of(first, second));
        }
      }
    }
    assertThat(compatible).isEqualTo(COMPATIBLE);
  }
}
