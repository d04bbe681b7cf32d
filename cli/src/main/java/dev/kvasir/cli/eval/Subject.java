package dev.kvasir.cli.eval;

import dev.kvasir.plans.Plan;

/**
 * A plan to measure.
 *
 * @param name what reports call it; no two subjects have the same
 * @param place its file, or what it was compiled from
 * @param plan the plan
 * @param compiledHere whether this process compiled it
 */
public record Subject(String name, String place, Plan plan, boolean compiledHere) {}
