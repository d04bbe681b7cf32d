/**
 * Random policies over random small models: each is compiled, run, and compared with the graph's
 * naive evaluation in double precision.
 *
 * <p>{@link dev.kvasir.fuzz.plan.RandomPlans} makes a {@link dev.kvasir.fuzz.plan.PlanCase} from a
 * seed and an index alone, {@link dev.kvasir.fuzz.plan.PlanTrial} tries it, {@link
 * dev.kvasir.fuzz.plan.Shrinker} makes one that fails as small as it can, {@link
 * dev.kvasir.fuzz.plan.PlanFuzz} counts what became of all.
 */
@NullMarked
package dev.kvasir.fuzz.plan;

import org.jspecify.annotations.NullMarked;
