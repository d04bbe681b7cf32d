package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;

/** Byte-code idioms that move elements between a buffer of any format and f32 {@link Lanes}. */
final class BufferLanes {

  private final CodeBuilder code;
  private final Lanes lanes;

  BufferLanes(CodeBuilder code, Lanes lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  /** {@return what places in a buffer are counted in: bytes, or codes, which have no bytes} */
  static int placesPerElement(ElementFormat format) {
    return format.isCode() ? 1 : format.bytes();
  }

  /** Pushes elements as f32; {@code place} pushes their place, a long. */
  void load(ElementFormat format, int segment, Runnable place) {
    switch (format) {
      case F32 -> lanes.readFloats(segment, place);
      case BF16, F16 -> new HalfLanes(code, lanes).load(format, segment, place);
      case U8, U4 -> new CodeLanes(code, lanes, format).load(segment, place);
      case I8 -> new ByteLanes(code, lanes).load(segment, place);
      case I32 -> throw new IllegalStateException("i32 buffers are read as integers");
    }
  }

  /**
   * Pops f32 elements, rounded to the format; {@code place} pushes their place, a long. Vectors
   * only for f32 and codes: 16-bit formats are written one element at a time.
   */
  void store(ElementFormat format, int segment, Runnable place) {
    switch (format) {
      case F32 -> lanes.writeFloats(segment, place);
      case BF16, F16 -> new HalfLanes(code, lanes).store(format, segment, place);
      case U8, U4 -> new CodeLanes(code, lanes, format).store(segment, place);
      case I8 -> throw new IllegalStateException("i8 buffers are only read");
      case I32 -> throw new IllegalStateException("i32 buffers are written as integers");
    }
  }
}
