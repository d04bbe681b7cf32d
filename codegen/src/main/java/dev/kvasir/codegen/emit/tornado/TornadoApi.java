package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_Integer;
import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_short;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Every class and method type of TornadoVM's API that generated kernels name. */
final class TornadoApi {

  static final ClassDesc CONTEXT = ClassDesc.of("uk.ac.manchester.tornado.api.KernelContext");
  static final ClassDesc MATH = ClassDesc.of("uk.ac.manchester.tornado.api.math.TornadoMath");
  static final ClassDesc FLOAT_ARRAY =
      ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.FloatArray");
  static final ClassDesc INT_ARRAY =
      ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.IntArray");
  static final ClassDesc SHORT_ARRAY =
      ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.ShortArray");
  static final ClassDesc BYTE_ARRAY =
      ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.ByteArray");

  static final ClassDesc BOXED_INT = CD_Integer;
  static final MethodTypeDesc UNBOX = MethodTypeDesc.of(CD_int);
  static final MethodTypeDesc BARRIER = MethodTypeDesc.of(CD_void);

  static final ClassDesc LOCAL_FLOATS = CD_float.arrayType();
  static final ClassDesc LOCAL_INTS = CD_int.arrayType();
  static final MethodTypeDesc ALLOCATE_FLOATS = MethodTypeDesc.of(LOCAL_FLOATS, CD_int);
  static final MethodTypeDesc ALLOCATE_INTS = MethodTypeDesc.of(LOCAL_INTS, CD_int);

  static final MethodTypeDesc GET_FLOAT = MethodTypeDesc.of(CD_float, CD_int);
  static final MethodTypeDesc SET_FLOAT = MethodTypeDesc.of(CD_void, CD_int, CD_float);
  static final MethodTypeDesc GET_INT = MethodTypeDesc.of(CD_int, CD_int);
  static final MethodTypeDesc SET_INT = MethodTypeDesc.of(CD_void, CD_int, CD_int);
  static final MethodTypeDesc GET_SHORT = MethodTypeDesc.of(CD_short, CD_int);
  static final MethodTypeDesc SET_SHORT = MethodTypeDesc.of(CD_void, CD_int, CD_short);
  static final MethodTypeDesc GET_BYTE = MethodTypeDesc.of(CD_byte, CD_int);
  static final MethodTypeDesc SET_BYTE = MethodTypeDesc.of(CD_void, CD_int, CD_byte);

  static final MethodTypeDesc FLOAT_TO_FLOAT = MethodTypeDesc.of(CD_float, CD_float);
  static final MethodTypeDesc FLOATS_TO_FLOAT = MethodTypeDesc.of(CD_float, CD_float, CD_float);
  static final MethodTypeDesc INTS_TO_INT = MethodTypeDesc.of(CD_int, CD_int, CD_int);

  private TornadoApi() {}
}
