package dev.kvasir.cli.eval;

/**
 * A key and what a text says about it.
 *
 * @param name what the question names; no two keys of a text have the same
 * @param digits what the answer is
 */
record PlantedKey(String name, String digits) {}
