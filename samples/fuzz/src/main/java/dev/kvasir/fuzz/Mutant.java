package dev.kvasir.fuzz;

import java.util.Optional;
import java.util.SortedMap;

/** A file, or the files of a model, that may be damaged or hostile. */
sealed interface Mutant {

  /** {@return the number that makes it again, together with the seed} */
  long index();

  /** {@return what was changed} */
  MutationKind kind();

  /**
   * A plan file beside a sound model.
   *
   * @param changedClass the entry of the class file that was changed; empty when all are sound
   * @param damaged whether bytes were changed and no hash was repaired, which must be noticed
   */
  record PlanFile(
      long index, MutationKind kind, byte[] bytes, Optional<String> changedClass, boolean damaged)
      implements Mutant {}

  /**
   * Files of a model beside a sound plan.
   *
   * @param files by name, all that the folder of the model holds
   * @param bound whether the plan is bound to this very model, so that loading gets further
   */
  record ModelFiles(long index, MutationKind kind, SortedMap<String, byte[]> files, boolean bound)
      implements Mutant {}
}
