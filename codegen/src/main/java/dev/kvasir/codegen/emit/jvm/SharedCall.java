package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.IntExpression;
import java.util.List;

/**
 * A call of a shared phase that works on tiles alone.
 *
 * @param phase takes both tile arrays, then the arguments
 * @param arguments uniform integers
 */
record SharedCall(SharedPhases.Phase phase, List<IntExpression> arguments) {
  SharedCall {
    arguments = List.copyOf(arguments);
  }
}
