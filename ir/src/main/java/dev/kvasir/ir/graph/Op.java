package dev.kvasir.ir.graph;

import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * What every operation promises. An operation is an immutable record whose constructor refuses
 * operands and attributes that do not fit, so that an ill-typed one cannot exist. Operations have
 * no side effects: one whose results nobody uses can go.
 */
public interface Op {
  /** {@return the operation's entry in the catalog} */
  OpDefinition definition();

  /** {@return the values it reads, in order} */
  List<Value> operands();

  /** {@return its constants} */
  Attributes attributes();

  /** {@return the types of the values it defines, derived from operands and attributes} */
  List<Type> resultTypes();

  /**
   * Computes the results in double precision, in the plainest way that the formula allows. This is
   * the meaning of the operation.
   *
   * @param operands values of the operands, in order
   * @param context weights and the place of the running span
   * @return values of the results, in order
   */
  List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context);

  /** {@return the name in IR text} */
  default String id() {
    return definition().id();
  }

  /**
   * {@return the same operation on other operands}
   *
   * @throws IllegalArgumentException when they do not fit
   */
  default Op withOperands(List<Value> others) {
    return definition().create(others, attributes());
  }
}
