package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.SourceSpan;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One technique of a policy with everything decided: nothing is left to look up.
 *
 * @param technique the name of the technique
 * @param arguments all its parameters, defaults included
 * @param target the KV heads it is used on; never empty
 * @param boundSets the sets it binds, by name, in the order the technique declares them
 * @param span where the policy writes the use
 * @param parameterSpans where the policy writes each parameter that it does not leave to its
 *     default
 */
public record TechniqueUse(
    String technique,
    Arguments arguments,
    HeadSet target,
    Map<String, NamedSet> boundSets,
    SourceSpan span,
    Map<String, SourceSpan> parameterSpans) {
  /** Copies the maps, keeping their order. */
  public TechniqueUse {
    boundSets = Collections.unmodifiableMap(new LinkedHashMap<>(boundSets));
    parameterSpans = Collections.unmodifiableMap(new LinkedHashMap<>(parameterSpans));
  }

  /**
   * A set that the technique binds.
   *
   * @throws CompilerBug if the technique binds no such name
   */
  public NamedSet boundSet(String name) {
    NamedSet set = boundSets.get(name);
    if (set == null) {
      throw new CompilerBug(technique + " binds no " + name);
    }
    return set;
  }

  /** Where the policy writes a parameter; the whole use for one that is left to its default. */
  public SourceSpan spanOf(String parameter) {
    return parameterSpans.getOrDefault(parameter, span);
  }
}
