package dev.kvasir.codegen.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_short;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Every class and method type that generated kernels name. */
final class Descriptors {

  static final ClassDesc FLOAT_ARRAY = CD_float.arrayType();
  static final ClassDesc INT_ARRAY = CD_int.arrayType();

  static final ClassDesc SEGMENT = ClassDesc.of("java.lang.foreign.MemorySegment");
  static final ClassDesc SEGMENT_ARRAY = SEGMENT.arrayType();
  static final ClassDesc VALUE_LAYOUT = ClassDesc.of("java.lang.foreign.ValueLayout");
  static final ClassDesc LAYOUT_BYTE = VALUE_LAYOUT.nested("OfByte");
  static final ClassDesc LAYOUT_INT = VALUE_LAYOUT.nested("OfInt");
  static final ClassDesc LAYOUT_FLOAT = VALUE_LAYOUT.nested("OfFloat");
  static final ClassDesc LAYOUT_SHORT = VALUE_LAYOUT.nested("OfShort");
  static final ClassDesc BYTE_ORDER = ClassDesc.of("java.nio.ByteOrder");
  static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
  static final ClassDesc FLOAT = ClassDesc.of("java.lang.Float");

  static final ClassDesc VECTOR = ClassDesc.of("jdk.incubator.vector.Vector");
  static final ClassDesc FLOAT_VECTOR = ClassDesc.of("jdk.incubator.vector.FloatVector");
  static final ClassDesc INT_VECTOR = ClassDesc.of("jdk.incubator.vector.IntVector");
  static final ClassDesc LONG_VECTOR = ClassDesc.of("jdk.incubator.vector.LongVector");
  static final ClassDesc BYTE_VECTOR = ClassDesc.of("jdk.incubator.vector.ByteVector");
  static final ClassDesc SHORT_VECTOR = ClassDesc.of("jdk.incubator.vector.ShortVector");
  static final ClassDesc MASK = ClassDesc.of("jdk.incubator.vector.VectorMask");
  static final ClassDesc SPECIES = ClassDesc.of("jdk.incubator.vector.VectorSpecies");
  static final ClassDesc OPERATORS = ClassDesc.of("jdk.incubator.vector.VectorOperators");
  static final ClassDesc ASSOCIATIVE = OPERATORS.nested("Associative");
  static final ClassDesc BINARY = OPERATORS.nested("Binary");
  static final ClassDesc COMPARISON = OPERATORS.nested("Comparison");
  static final ClassDesc CONVERSION = OPERATORS.nested("Conversion");

  static final MethodTypeDesc RUN =
      MethodTypeDesc.of(
          CD_void, SEGMENT_ARRAY, INT_ARRAY, FLOAT_ARRAY, INT_ARRAY, CD_int, CD_int, CD_int);

  static final MethodTypeDesc FLOAT_FROM_ARRAY =
      MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOAT_ARRAY, CD_int);
  static final MethodTypeDesc FLOAT_INTO_ARRAY = MethodTypeDesc.of(CD_void, FLOAT_ARRAY, CD_int);
  static final MethodTypeDesc INT_FROM_ARRAY =
      MethodTypeDesc.of(INT_VECTOR, SPECIES, INT_ARRAY, CD_int);
  static final MethodTypeDesc INT_INTO_ARRAY = MethodTypeDesc.of(CD_void, INT_ARRAY, CD_int);
  static final MethodTypeDesc FLOAT_FROM_SEGMENT =
      MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc INT_FROM_SEGMENT =
      MethodTypeDesc.of(INT_VECTOR, SPECIES, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc LONG_FROM_SEGMENT =
      MethodTypeDesc.of(LONG_VECTOR, SPECIES, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc BYTE_FROM_SEGMENT =
      MethodTypeDesc.of(BYTE_VECTOR, SPECIES, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc SHORT_FROM_SEGMENT =
      MethodTypeDesc.of(SHORT_VECTOR, SPECIES, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc INTO_SEGMENT =
      MethodTypeDesc.of(CD_void, SEGMENT, CD_long, BYTE_ORDER);
  static final MethodTypeDesc FLOAT_BROADCAST = MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, CD_float);
  static final MethodTypeDesc INT_BROADCAST = MethodTypeDesc.of(INT_VECTOR, SPECIES, CD_int);
  static final MethodTypeDesc FLOAT_ZERO = MethodTypeDesc.of(FLOAT_VECTOR, SPECIES);
  static final MethodTypeDesc FMA = MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, VECTOR);
  static final MethodTypeDesc FLOAT_WITH_VECTOR = MethodTypeDesc.of(FLOAT_VECTOR, VECTOR);
  static final MethodTypeDesc FLOAT_WITH_FLOAT = MethodTypeDesc.of(FLOAT_VECTOR, CD_float);
  static final MethodTypeDesc INT_WITH_VECTOR = MethodTypeDesc.of(INT_VECTOR, VECTOR);
  static final MethodTypeDesc INT_WITH_INT = MethodTypeDesc.of(INT_VECTOR, CD_int);
  static final MethodTypeDesc FLOAT_SELF = MethodTypeDesc.of(FLOAT_VECTOR);
  static final MethodTypeDesc LONG_SELF = MethodTypeDesc.of(LONG_VECTOR);
  static final MethodTypeDesc INT_SELF = MethodTypeDesc.of(INT_VECTOR);
  static final MethodTypeDesc FLOAT_BLEND = MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, MASK);
  static final MethodTypeDesc FLOAT_BLEND_SCALAR = MethodTypeDesc.of(FLOAT_VECTOR, CD_float, MASK);
  static final MethodTypeDesc INT_BLEND = MethodTypeDesc.of(INT_VECTOR, VECTOR, MASK);
  static final MethodTypeDesc INT_LANEWISE_SCALAR = MethodTypeDesc.of(INT_VECTOR, BINARY, CD_int);
  static final MethodTypeDesc INT_LANEWISE_VECTOR = MethodTypeDesc.of(INT_VECTOR, BINARY, VECTOR);
  static final MethodTypeDesc LONG_LANEWISE_SCALAR =
      MethodTypeDesc.of(LONG_VECTOR, BINARY, CD_long);
  static final MethodTypeDesc COMPARE = MethodTypeDesc.of(MASK, COMPARISON, VECTOR);
  static final MethodTypeDesc COMPARE_FLOAT = MethodTypeDesc.of(MASK, COMPARISON, CD_float);
  static final MethodTypeDesc MASK_WITH_MASK = MethodTypeDesc.of(MASK, MASK);
  static final MethodTypeDesc MASK_CAST = MethodTypeDesc.of(MASK, SPECIES);
  static final MethodTypeDesc CONVERT_SHAPE =
      MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, CD_int);
  static final MethodTypeDesc REDUCE_FLOAT = MethodTypeDesc.of(CD_float, ASSOCIATIVE);

  static final MethodTypeDesc SEGMENT_GET_BYTE = MethodTypeDesc.of(CD_byte, LAYOUT_BYTE, CD_long);
  static final MethodTypeDesc SEGMENT_GET_INT = MethodTypeDesc.of(CD_int, LAYOUT_INT, CD_long);
  static final MethodTypeDesc SEGMENT_GET_FLOAT =
      MethodTypeDesc.of(CD_float, LAYOUT_FLOAT, CD_long);
  static final MethodTypeDesc SEGMENT_GET_SHORT =
      MethodTypeDesc.of(CD_short, LAYOUT_SHORT, CD_long);
  static final MethodTypeDesc SEGMENT_SET_INT =
      MethodTypeDesc.of(CD_void, LAYOUT_INT, CD_long, CD_int);
  static final MethodTypeDesc SEGMENT_SET_FLOAT =
      MethodTypeDesc.of(CD_void, LAYOUT_FLOAT, CD_long, CD_float);
  static final MethodTypeDesc SEGMENT_SET_SHORT =
      MethodTypeDesc.of(CD_void, LAYOUT_SHORT, CD_long, CD_short);

  static final MethodTypeDesc INTS_TO_INT = MethodTypeDesc.of(CD_int, CD_int, CD_int);
  static final MethodTypeDesc FLOATS_TO_FLOAT = MethodTypeDesc.of(CD_float, CD_float, CD_float);
  static final MethodTypeDesc FMA_SCALAR =
      MethodTypeDesc.of(CD_float, CD_float, CD_float, CD_float);
  static final MethodTypeDesc FLOAT_TO_BITS = MethodTypeDesc.of(CD_int, CD_float);
  static final MethodTypeDesc BITS_TO_FLOAT = MethodTypeDesc.of(CD_float, CD_int);
  static final MethodTypeDesc FLOAT_TO_HALF = MethodTypeDesc.of(CD_short, CD_float);
  static final MethodTypeDesc HALF_TO_FLOAT = MethodTypeDesc.of(CD_float, CD_short);
  static final MethodTypeDesc DOUBLE_TO_DOUBLE = MethodTypeDesc.of(CD_double, CD_double);
  static final MethodTypeDesc IS_NAN = MethodTypeDesc.of(CD_boolean, CD_float);

  private Descriptors() {}
}
