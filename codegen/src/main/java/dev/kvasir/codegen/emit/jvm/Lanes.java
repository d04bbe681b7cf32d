package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;

/**
 * The byte-code idioms over a fixed number of 32-bit lanes that the phases compose. One lane means
 * plain floats and ints, so that a remainder is written by the same code as the vector body.
 *
 * <p>Every method leaves its result on the operand stack. {@code Runnable} arguments push an index
 * or an offset.
 */
final class Lanes {

  /** 2^112: what f16 bits, moved to f32's place, must be multiplied by. */
  private static final float HALF_FACTOR = 0x1p112f;

  /** Above every finite f16. */
  private static final float HALF_LIMIT = 0x1p16f;

  private static final int EXPONENT_BITS = 0x7f800000;

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

  private void shortSpecies() {
    species(SHORT_VECTOR, 16 * lanes);
  }

  private void species(ClassDesc vector, int bits) {
    code.getstatic(vector, "SPECIES_" + bits, SPECIES);
  }

  private void littleEndian() {
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

  /** {@return what places in a buffer are counted in: bytes, or codes, which have no bytes} */
  static int placesPerElement(ElementFormat format) {
    return format.isCode() ? 1 : format.bytes();
  }

  /** Pushes elements of a buffer as f32; {@code offset} pushes their place, a long. */
  void loadBuffer(ElementFormat format, int segment, Runnable offset) {
    switch (format) {
      case F32 -> {
        if (isVector()) {
          floatSpecies();
          code.aload(segment);
          offset.run();
          littleEndian();
          code.invokestatic(FLOAT_VECTOR, "fromMemorySegment", FLOAT_FROM_SEGMENT);
        } else {
          getScalar(segment, offset, "JAVA_FLOAT_UNALIGNED", LAYOUT_FLOAT, SEGMENT_GET_FLOAT);
        }
      }
      case BF16 -> {
        if (isVector()) {
          widenShorts(segment, offset, "ZERO_EXTEND_S2I");
          lanewise(BINARY, "LSHL", 16);
          code.invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
        } else {
          getScalar(segment, offset, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT, SEGMENT_GET_SHORT);
          code.loadConstant(16).ishl().invokestatic(FLOAT, "intBitsToFloat", BITS_TO_FLOAT);
        }
      }
      case F16 -> {
        if (isVector()) {
          widenShorts(segment, offset, "S2I");
          lanewise(BINARY, "LSHL", 13);
          halvesToFloats();
        } else {
          getScalar(segment, offset, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT, SEGMENT_GET_SHORT);
          code.invokestatic(FLOAT, "float16ToFloat", HALF_TO_FLOAT);
        }
      }
      case U8, U4 -> {
        CodePlace place = CodePlace.of(code, format, offset);
        integers(segment, () -> place.pushAddress(code));
        take(format, place);
      }
      case I32 -> throw new IllegalStateException("i32 buffers are read as integers");
    }
  }

  /** Pushes integers that hold codes; {@code address} pushes a long in bytes. */
  void integers(int segment, Runnable address) {
    if (isVector()) {
      intSpecies();
      code.aload(segment);
      address.run();
      littleEndian();
      code.invokestatic(INT_VECTOR, "fromMemorySegment", INT_FROM_SEGMENT);
    } else {
      loadInt(segment, address);
    }
  }

  /** Turns integers that hold two bf16 elements each on the stack into the lower ones as f32. */
  void lowHalves() {
    operator(BINARY, "LSHL");
    code.loadConstant(16)
        .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR)
        .invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
  }

  /** Turns integers that hold two bf16 elements each on the stack into the upper ones as f32. */
  void highHalves() {
    operator(ASSOCIATIVE, "AND");
    code.loadConstant(0xffff0000)
        .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR)
        .invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
  }

  /** Turns integers on the stack into the codes of the field at a place as f32. */
  void take(ElementFormat format, CodePlace place) {
    shiftRight(() -> place.pushShift(code));
    mask(format);
    toFloats();
  }

  /**
   * Turns integers on the stack into field {@code number} of them as f32: codes, or one half of
   * paired 16-bit elements.
   */
  void take(ElementFormat format, int number) {
    switch (format) {
      case U8, U4 -> takeCodes(format, number);
      case BF16 -> {
        if (number == 0) {
          lanewise(BINARY, "LSHL", Short.SIZE);
        } else {
          lanewise(ASSOCIATIVE, "AND", 0xffff0000);
        }
        code.invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
      }
      case F16 -> {
        if (number == 0) {
          lanewise(BINARY, "LSHL", Short.SIZE);
        }
        lanewise(BINARY, "ASHR", Short.SIZE - 13);
        halvesToFloats();
      }
      case F32, I32 -> throw new IllegalStateException(format + " has no fields");
    }
  }

  /**
   * {@return by how many bits a code of field {@code number} is larger once {@link #takeInPlace}
   * has taken it}
   */
  static int scaleInPlace(ElementFormat format, int number) {
    return switch (format) {
      case U8 -> number == Integer.BYTES - 1 ? 0 : number * format.bits();
      case U4 -> number * format.bits() % Short.SIZE;
      case F32, BF16, F16, I32 -> 0;
    };
  }

  /**
   * Turns integers on the stack into the codes of field {@code number} as f32, not moved to the
   * lowest bits; not for a field that reaches the sign.
   */
  void takeInPlace(ElementFormat format, int number) {
    int scale = scaleInPlace(format, number);
    if (scale < number * format.bits()) {
      lanewise(BINARY, "LSHR", number * format.bits() - scale);
    }
    lanewise(ASSOCIATIVE, "AND", format.largestCode() << scale);
    toFloats();
  }

  /** Multiplies floats on the stack by 2^{@code bits}. */
  void scale(int bits) {
    if (bits != 0) {
      code.loadConstant(Math.scalb(1f, bits)).invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_FLOAT);
    }
  }

  private void lanewise(ClassDesc kind, String operator, int operand) {
    operator(kind, operator);
    code.loadConstant(operand).invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
  }

  /** Turns f16 bits on the stack, their sign extended and 13 bits up, into numbers. */
  private void halvesToFloats() {
    lanewise(ASSOCIATIVE, "AND", 0x8fffe000);
    code.invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF)
        .loadConstant(HALF_FACTOR)
        .invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_FLOAT);
    keepHalfInfinities();
  }

  private void takeCodes(ElementFormat format, int number) {
    if (number > 0) {
      shiftRight(() -> code.loadConstant(number * format.bits()));
    }
    if (number < Integer.SIZE / format.bits() - 1) {
      mask(format);
    }
    toFloats();
  }

  private void shiftRight(Runnable bits) {
    if (isVector()) {
      operator(BINARY, "LSHR");
      bits.run();
      code.invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
    } else {
      bits.run();
      code.iushr();
    }
  }

  private void mask(ElementFormat format) {
    if (isVector()) {
      operator(ASSOCIATIVE, "AND");
      code.loadConstant(format.largestCode())
          .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
    } else {
      code.loadConstant(format.largestCode()).iand();
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
  private void toInts() {
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

  /** Pops codes as f32 into their field of a block and leaves its other fields as they are. */
  private void storeCodes(ElementFormat format, int segment, Runnable offset) {
    TypeKind kind = isVector() ? TypeKind.REFERENCE : TypeKind.INT;
    int codes = code.allocateLocal(kind);
    toInts();
    code.storeLocal(kind, codes);
    CodePlace place = CodePlace.of(code, format, offset);
    int others = code.allocateLocal(TypeKind.INT);
    code.loadConstant(format.largestCode());
    place.pushShift(code);
    code.ishl().iconst_m1().ixor().istore(others);
    if (!isVector()) {
      loadInt(segment, () -> place.pushAddress(code));
      code.iload(others).iand().iload(codes);
      place.pushShift(code);
      code.ishl().ior();
      storeInt(segment, () -> place.pushAddress(code));
      return;
    }
    code.aload(codes);
    operator(BINARY, "LSHL");
    place.pushShift(code);
    code.invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
    integers(segment, () -> place.pushAddress(code));
    operator(ASSOCIATIVE, "AND");
    code.iload(others).invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
    // Fields do not overlap, so that adding joins them.
    code.invokevirtual(INT_VECTOR, "add", INT_WITH_VECTOR).aload(segment);
    place.pushAddress(code);
    littleEndian();
    code.invokevirtual(INT_VECTOR, "intoMemorySegment", INTO_SEGMENT);
  }

  /**
   * Numbers of f16's largest exponent, infinities and NaN, now lie at 2^16 and beyond, where no
   * other does: they get f32's largest exponent and keep their fraction.
   */
  private void keepHalfInfinities() {
    int number = code.allocateLocal(TypeKind.REFERENCE);
    code.astore(number).aload(number).aload(number);
    code.invokevirtual(FLOAT_VECTOR, "reinterpretAsInts", INT_SELF);
    operator(ASSOCIATIVE, "OR");
    code.loadConstant(EXPONENT_BITS)
        .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR)
        .invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF)
        .aload(number)
        .invokevirtual(FLOAT_VECTOR, "abs", FLOAT_SELF);
    operator(COMPARISON, "GE");
    code.loadConstant(HALF_LIMIT)
        .invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT)
        .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND);
  }

  private void widenShorts(int segment, Runnable offset, String conversion) {
    shortSpecies();
    code.aload(segment);
    offset.run();
    littleEndian();
    code.invokestatic(SHORT_VECTOR, "fromMemorySegment", SHORT_FROM_SEGMENT);
    operator(CONVERSION, conversion);
    intSpecies();
    code.iconst_0()
        .invokevirtual(SHORT_VECTOR, "convertShape", CONVERT_SHAPE)
        .checkcast(INT_VECTOR);
  }

  private void getScalar(
      int segment,
      Runnable offset,
      String layout,
      ClassDesc layoutClass,
      java.lang.constant.MethodTypeDesc type) {
    code.aload(segment).getstatic(VALUE_LAYOUT, layout, layoutClass);
    offset.run();
    code.invokeinterface(SEGMENT, "get", type);
  }

  /** Pushes one int of a buffer; {@code offset} pushes a long in bytes. */
  void loadInt(int segment, Runnable offset) {
    getScalar(segment, offset, "JAVA_INT_UNALIGNED", LAYOUT_INT, SEGMENT_GET_INT);
  }

  /** Pops one int into a buffer; {@code offset} pushes a long in bytes. */
  void storeInt(int segment, Runnable offset) {
    int value = code.allocateLocal(TypeKind.INT);
    code.istore(value).aload(segment).getstatic(VALUE_LAYOUT, "JAVA_INT_UNALIGNED", LAYOUT_INT);
    offset.run();
    code.iload(value).invokeinterface(SEGMENT, "set", SEGMENT_SET_INT);
  }

  /**
   * Pops f32 elements into a buffer, rounded to its format; {@code offset} pushes their place, a
   * long. Vectors only for f32 and codes: 16-bit formats are written one element at a time.
   */
  void storeBuffer(ElementFormat format, int segment, Runnable offset) {
    if (format.isCode()) {
      storeCodes(format, segment, offset);
      return;
    }
    if (isVector()) {
      if (format != ElementFormat.F32) {
        throw new IllegalStateException("vectors are stored as f32 or codes only");
      }
      code.aload(segment);
      offset.run();
      littleEndian();
      code.invokevirtual(FLOAT_VECTOR, "intoMemorySegment", INTO_SEGMENT);
      return;
    }
    int value = code.allocateLocal(TypeKind.FLOAT);
    code.fstore(value).aload(segment);
    switch (format) {
      case F32 -> {
        code.getstatic(VALUE_LAYOUT, "JAVA_FLOAT_UNALIGNED", LAYOUT_FLOAT);
        offset.run();
        code.fload(value).invokeinterface(SEGMENT, "set", SEGMENT_SET_FLOAT);
      }
      case BF16 -> {
        code.getstatic(VALUE_LAYOUT, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT);
        offset.run();
        roundToBfloat16(value);
        code.invokeinterface(SEGMENT, "set", SEGMENT_SET_SHORT);
      }
      case F16 -> {
        code.getstatic(VALUE_LAYOUT, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT);
        offset.run();
        code.fload(value)
            .invokestatic(FLOAT, "floatToFloat16", FLOAT_TO_HALF)
            .invokeinterface(SEGMENT, "set", SEGMENT_SET_SHORT);
      }
      case I32, U8, U4 -> throw new IllegalStateException(format + " is written as integers");
    }
  }

  /** Nearest, ties to even; NaN keeps its upper bits and stays NaN. */
  private void roundToBfloat16(int value) {
    int bits = code.allocateLocal(TypeKind.INT);
    code.fload(value).invokestatic(FLOAT, "floatToRawIntBits", FLOAT_TO_BITS).istore(bits);
    code.fload(value)
        .invokestatic(FLOAT, "isNaN", IS_NAN)
        .ifThenElse(
            nan -> nan.iload(bits).loadConstant(16).iushr().loadConstant(0x40).ior(),
            number ->
                number
                    .iload(bits)
                    .loadConstant(0x7fff)
                    .iadd()
                    .iload(bits)
                    .loadConstant(16)
                    .iushr()
                    .iconst_1()
                    .iand()
                    .iadd()
                    .loadConstant(16)
                    .iushr());
    code.i2s();
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
