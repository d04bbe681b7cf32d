package dev.kvasir.codegen.driver;

import dev.kvasir.plans.Plan;

/**
 * The result of compiling.
 *
 * @param plan ready to save or to load
 * @param report what was done
 */
public record Compilation(Plan plan, CompileReport report) {}
