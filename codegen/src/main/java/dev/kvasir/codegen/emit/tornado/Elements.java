package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/**
 * Reads and writes elements of buffers in their formats. Numbers are floats on the stack, i32
 * elements ints.
 */
final class Elements {

  private static final int FIELD = ElementFormat.BLOCK_INTEGERS;
  private static final int FIELD_BITS = Integer.numberOfTrailingZeros(FIELD);
  private static final int NIBBLE = ElementFormat.U4.largestCode();

  /** Stores of u4 elements come in as many phases: two of them share a byte. */
  static final int NIBBLES = 2;

  private final MethodWriter writer;
  private final CodeBuilder code;

  Elements(MethodWriter writer) {
    this.writer = writer;
    this.code = writer.code();
  }

  /** {@return the array that holds elements of a format} */
  static ClassDesc arrayType(ElementFormat format) {
    return switch (format) {
      case F32 -> TornadoApi.FLOAT_ARRAY;
      case I32 -> TornadoApi.INT_ARRAY;
      case F16 -> TornadoApi.SHORT_ARRAY;
      case U8, U4 -> TornadoApi.BYTE_ARRAY;
      case BF16, I8 -> throw unheld(format);
    };
  }

  private static IllegalStateException unheld(ElementFormat format) {
    return new IllegalStateException("no buffer of this target holds " + format.text());
  }

  /** Pushes element {@code index}. */
  void get(Local buffer, ElementFormat format, Runnable index) {
    switch (format) {
      case F32 -> get(buffer, TornadoApi.GET_FLOAT, index);
      case I32 -> get(buffer, TornadoApi.GET_INT, index);
      case F16 -> {
        get(buffer, TornadoApi.GET_SHORT, index);
        Half.decode(writer);
      }
      case U8, U4 -> {
        writer.enter();
        index.run();
        Local element = writer.declareInt("element");
        get(buffer, TornadoApi.GET_BYTE, () -> pushByte(format, element));
        if (format == ElementFormat.U4) {
          pushNibble(element);
          writer.times(format.bits());
          code.ishr();
        }
        writer.push(format.largestCode());
        code.iand().i2f();
        writer.exit();
      }
      case BF16, I8 -> throw unheld(format);
    }
  }

  /** Stores {@code value} as element {@code index}; not of u4, whose elements share bytes. */
  void set(Local buffer, ElementFormat format, Runnable index, Runnable value) {
    switch (format) {
      case F32 -> set(buffer, TornadoApi.SET_FLOAT, index, value);
      case I32 -> set(buffer, TornadoApi.SET_INT, index, value);
      case F16 ->
          set(
              buffer,
              TornadoApi.SET_SHORT,
              index,
              () -> {
                value.run();
                Half.encode(writer);
                code.i2s();
              });
      case U8 -> {
        writer.enter();
        index.run();
        Local element = writer.declareInt("element");
        set(
            buffer,
            TornadoApi.SET_BYTE,
            () -> pushByte(format, element),
            () -> {
              value.run();
              code.f2i().i2b();
            });
        writer.exit();
      }
      case U4 -> throw new IllegalStateException("elements of u4 are stored nibble by nibble");
      case BF16, I8 -> throw unheld(format);
    }
  }

  /**
   * Stores {@code value} as element {@code index} of a u4 buffer, if it is nibble {@code nibble} of
   * its byte: in one phase each byte has one element that is.
   */
  void setNibble(Local buffer, int nibble, Runnable index, Runnable value) {
    index.run();
    Local element = writer.declareInt("element");
    pushNibble(element);
    if (nibble == 0) {
      writer.push(1);
      code.ixor();
    }
    writer.when(
        () -> {
          pushByte(ElementFormat.U4, element);
          Local place = writer.declareInt("place");
          Runnable at = () -> writer.push(place);
          set(
              buffer,
              TornadoApi.SET_BYTE,
              at,
              () -> {
                get(buffer, TornadoApi.GET_BYTE, at);
                writer.push(nibble == 0 ? ~NIBBLE : NIBBLE);
                code.iand();
                value.run();
                code.f2i();
                writer.times(1 << (nibble * ElementFormat.U4.bits()));
                code.ior().i2b();
              });
        });
  }

  /**
   * Pushes the byte of a code: a block of 64 has one for each field of 16 codes, or two for each,
   * in each of its 16 integers.
   */
  private void pushByte(ElementFormat format, Local element) {
    int fields = format.blockElements() / FIELD;
    int bytes = Integer.BYTES;
    writer.push(element).dividedBy(format.blockElements()).times(FIELD * bytes);
    writer.push(element).remainderOf(FIELD).times(bytes).plus();
    writer.push(element).dividedBy(FIELD * (fields / bytes)).remainderOf(bytes).plus();
  }

  /** Pushes which half of its byte a u4 element is. */
  private void pushNibble(Local element) {
    writer.push(element).push(FIELD_BITS);
    code.ishr();
    writer.remainderOf(NIBBLES);
  }

  private void get(Local buffer, MethodTypeDesc type, Runnable index) {
    writer.push(buffer);
    index.run();
    code.invokevirtual(buffer.type(), "get", type);
  }

  private void set(Local buffer, MethodTypeDesc type, Runnable index, Runnable value) {
    writer.push(buffer);
    index.run();
    value.run();
    code.invokevirtual(buffer.type(), "set", type);
  }
}
