package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;

/**
 * The byte-code idioms over a fixed number of 32-bit lanes that the phases compose: loads, stores
 * and arithmetic. One lane means plain floats and ints, so that a remainder is written by the same
 * code as the vector body.
 *
 * <p>Every method leaves its result on the operand stack. {@code Runnable} arguments push an index
 * or an offset.
 */
final class Lanes {

  /** Elements that are left when halving stops; no species is narrower. */
  private static final int SCALAR_LANES = 4;

  private final CodeBuilder code;
  private final int lanes;

  Lanes(CodeBuilder code, int lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  int count() {
    return lanes;
  }

  boolean isVector() {
    return lanes > 1;
  }

  TypeKind floatKind() {
    return isVector() ? TypeKind.REFERENCE : TypeKind.FLOAT;
  }

  void floatSpecies() {
    species(FLOAT_VECTOR, 32 * lanes);
  }

  void intSpecies() {
    species(INT_VECTOR, 32 * lanes);
  }

  private void species(ClassDesc vector, int bits) {
    code.getstatic(vector, "SPECIES_" + bits, SPECIES);
  }

  void littleEndian() {
    code.getstatic(BYTE_ORDER, "LITTLE_ENDIAN", BYTE_ORDER);
  }

  void operator(ClassDesc kind, String name) {
    code.getstatic(OPERATORS, name, kind);
  }

  /** Pushes f32 elements of a tile. */
  void loadFloats(int array, Runnable index) {
    if (isVector()) {
      floatSpecies();
    }
    code.aload(array);
    index.run();
    if (isVector()) {
      code.invokestatic(FLOAT_VECTOR, "fromArray", FLOAT_FROM_ARRAY);
    } else {
      code.faload();
    }
  }

  /** Pops f32 elements into a tile. */
  void storeFloats(int array, Runnable index) {
    if (isVector()) {
      code.aload(array);
      index.run();
      code.invokevirtual(FLOAT_VECTOR, "intoArray", FLOAT_INTO_ARRAY);
    } else {
      int value = code.allocateLocal(TypeKind.FLOAT);
      code.fstore(value).aload(array);
      index.run();
      code.fload(value).fastore();
    }
  }

  /** Pushes i32 elements of a tile. */
  void loadInts(int array, Runnable index) {
    if (isVector()) {
      intSpecies();
    }
    code.aload(array);
    index.run();
    if (isVector()) {
      code.invokestatic(INT_VECTOR, "fromArray", INT_FROM_ARRAY);
    } else {
      code.iaload();
    }
  }

  /** Pops i32 elements into a tile. */
  void storeInts(int array, Runnable index) {
    if (isVector()) {
      code.aload(array);
      index.run();
      code.invokevirtual(INT_VECTOR, "intoArray", INT_INTO_ARRAY);
    } else {
      int value = code.allocateLocal(TypeKind.INT);
      code.istore(value).aload(array);
      index.run();
      code.iload(value).iastore();
    }
  }

  /** Pushes f32 elements of a buffer; {@code offset} pushes a long in bytes. */
  void readFloats(int segment, Runnable offset) {
    if (isVector()) {
      floatSpecies();
      code.aload(segment);
      offset.run();
      littleEndian();
      code.invokestatic(FLOAT_VECTOR, "fromMemorySegment", FLOAT_FROM_SEGMENT);
    } else {
      code.aload(segment).getstatic(VALUE_LAYOUT, "JAVA_FLOAT_UNALIGNED", LAYOUT_FLOAT);
      offset.run();
      code.invokeinterface(SEGMENT, "get", SEGMENT_GET_FLOAT);
    }
  }

  /** Pops f32 elements into a buffer; {@code offset} pushes a long in bytes. */
  void writeFloats(int segment, Runnable offset) {
    if (isVector()) {
      writeVector(FLOAT_VECTOR, segment, offset);
    } else {
      int value = code.allocateLocal(TypeKind.FLOAT);
      code.fstore(value).aload(segment);
      code.getstatic(VALUE_LAYOUT, "JAVA_FLOAT_UNALIGNED", LAYOUT_FLOAT);
      offset.run();
      code.fload(value).invokeinterface(SEGMENT, "set", SEGMENT_SET_FLOAT);
    }
  }

  /** Pushes ints of a buffer; {@code offset} pushes a long in bytes. */
  void readInts(int segment, Runnable offset) {
    if (isVector()) {
      intSpecies();
      code.aload(segment);
      offset.run();
      littleEndian();
      code.invokestatic(INT_VECTOR, "fromMemorySegment", INT_FROM_SEGMENT);
    } else {
      code.aload(segment).getstatic(VALUE_LAYOUT, "JAVA_INT_UNALIGNED", LAYOUT_INT);
      offset.run();
      code.invokeinterface(SEGMENT, "get", SEGMENT_GET_INT);
    }
  }

  /** Pops ints into a buffer; {@code offset} pushes a long in bytes. */
  void writeInts(int segment, Runnable offset) {
    if (isVector()) {
      writeVector(INT_VECTOR, segment, offset);
    } else {
      int value = code.allocateLocal(TypeKind.INT);
      code.istore(value).aload(segment).getstatic(VALUE_LAYOUT, "JAVA_INT_UNALIGNED", LAYOUT_INT);
      offset.run();
      code.iload(value).invokeinterface(SEGMENT, "set", SEGMENT_SET_INT);
    }
  }

  private void writeVector(ClassDesc vector, int segment, Runnable offset) {
    code.aload(segment);
    offset.run();
    littleEndian();
    code.invokevirtual(vector, "intoMemorySegment", INTO_SEGMENT);
  }

  /** Combines an int vector on the stack with the same int in every lane. */
  void lanewise(ClassDesc kind, String operator, int operand) {
    lanewise(kind, operator, () -> code.loadConstant(operand));
  }

  /** Combines an int vector on the stack with the int that {@code operand} pushes. */
  void lanewise(ClassDesc kind, String operator, Runnable operand) {
    operator(kind, operator);
    operand.run();
    code.invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
  }

  /** Takes an int vector on the stack for the bits of floats. */
  void bitsAsFloats() {
    if (isVector()) {
      code.invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
    } else {
      code.invokestatic(FLOAT, "intBitsToFloat", BITS_TO_FLOAT);
    }
  }

  /** Turns ints on the stack into floats. */
  void toFloats() {
    if (isVector()) {
      operator(CONVERSION, "I2F");
      floatSpecies();
      code.iconst_0()
          .invokevirtual(INT_VECTOR, "convertShape", CONVERT_SHAPE)
          .checkcast(FLOAT_VECTOR);
    } else {
      code.i2f();
    }
  }

  /** Turns floats on the stack into ints. */
  void toInts() {
    if (isVector()) {
      operator(CONVERSION, "F2I");
      intSpecies();
      code.iconst_0()
          .invokevirtual(FLOAT_VECTOR, "convertShape", CONVERT_SHAPE)
          .checkcast(INT_VECTOR);
    } else {
      code.f2i();
    }
  }

  /** Turns the float on the stack into lanes. */
  void broadcastFloat() {
    if (isVector()) {
      floatSpecies();
      code.swap().invokestatic(FLOAT_VECTOR, "broadcast", FLOAT_BROADCAST);
    }
  }

  /** Turns the int on the stack into lanes. */
  void broadcastInt() {
    if (isVector()) {
      intSpecies();
      code.swap().invokestatic(INT_VECTOR, "broadcast", INT_BROADCAST);
    }
  }

  void zero() {
    if (isVector()) {
      floatSpecies();
      code.invokestatic(FLOAT_VECTOR, "zero", FLOAT_ZERO);
    } else {
      code.fconst_0();
    }
  }

  /** a, b, c on the stack become a * b + c. */
  void fma() {
    if (isVector()) {
      code.invokevirtual(FLOAT_VECTOR, "fma", FMA);
    } else {
      code.invokestatic(MATH, "fma", FMA_SCALAR);
    }
  }

  /**
   * Lanes on the stack become their sum, a float: halves are added until four elements are left.
   * The Vector API leaves the order of its own sum open, and compiled code sums otherwise than
   * interpreted code does; here the order is fixed, so that results never depend on when a method
   * was compiled.
   */
  void sumLanes() {
    if (!isVector()) {
      return;
    }
    storeReduction();
    for (int half = lanes / 2; half >= SCALAR_LANES; half /= 2) {
      Lanes narrow = new Lanes(code, half);
      narrow.loadReduction(0);
      narrow.loadReduction(half);
      narrow.add();
      narrow.storeReduction();
    }
    Lanes scalar = new Lanes(code, 1);
    for (int pair = 0; pair < SCALAR_LANES; pair += 2) {
      scalar.loadReduction(pair);
      scalar.loadReduction(pair + 1);
      code.fadd();
    }
    code.fadd();
  }

  /** Pushes elements of the reduction area. */
  void loadReduction(int element) {
    loadFloats(PhaseArguments.FLOATS, () -> code.loadConstant(TileFrame.REDUCTION + element));
  }

  /** Pops elements into the reduction area. */
  void storeReduction() {
    storeFloats(PhaseArguments.FLOATS, () -> code.loadConstant(TileFrame.REDUCTION));
  }

  /** Lanes on the stack become their maximum, a float. */
  void maximumLane() {
    if (isVector()) {
      operator(ASSOCIATIVE, "MAX");
      code.invokevirtual(FLOAT_VECTOR, "reduceLanes", REDUCE_FLOAT);
    }
  }

  /** Lanes on the stack become their minimum, a float. */
  void minimumLane() {
    if (isVector()) {
      operator(ASSOCIATIVE, "MIN");
      code.invokevirtual(FLOAT_VECTOR, "reduceLanes", REDUCE_FLOAT);
    }
  }

  /** Multiplies floats on the stack by 2^{@code bits}; only for vectors. */
  void scale(int bits) {
    if (bits != 0) {
      code.loadConstant(Math.scalb(1f, bits)).invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_FLOAT);
    }
  }

  /** Divides ints on the stack, rounding down; vectors by powers of two only. */
  void floorDivide(int divisor) {
    if (isVector()) {
      requirePowerOfTwo(divisor);
      lanewise(BINARY, "ASHR", Integer.numberOfTrailingZeros(divisor));
    } else {
      code.loadConstant(divisor).invokestatic(MATH, "floorDiv", INTS_TO_INT);
    }
  }

  /** Ints on the stack become what {@link #floorDivide} leaves. */
  void modulo(int divisor) {
    if (isVector()) {
      requirePowerOfTwo(divisor);
      lanewise(ASSOCIATIVE, "AND", divisor - 1);
    } else {
      code.loadConstant(divisor).invokestatic(MATH, "floorMod", INTS_TO_INT);
    }
  }

  private static void requirePowerOfTwo(int divisor) {
    if (Integer.bitCount(divisor) > 1) {
      throw new IllegalStateException("vectors of integers have no division by " + divisor);
    }
  }

  void add() {
    if (isVector()) {
      code.invokevirtual(FLOAT_VECTOR, "add", FLOAT_WITH_VECTOR);
    } else {
      code.fadd();
    }
  }

  void minimum() {
    if (isVector()) {
      code.invokevirtual(FLOAT_VECTOR, "min", FLOAT_WITH_VECTOR);
    } else {
      code.invokestatic(MATH, "min", FLOATS_TO_FLOAT);
    }
  }

  void maximum() {
    if (isVector()) {
      code.invokevirtual(FLOAT_VECTOR, "max", FLOAT_WITH_VECTOR);
    } else {
      code.invokestatic(MATH, "max", FLOATS_TO_FLOAT);
    }
  }
}
