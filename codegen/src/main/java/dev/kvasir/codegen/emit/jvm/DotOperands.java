package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;

/** What a contraction multiplies and what it adds to, in the parameters of its phase. */
record DotOperands(Left left, Right right, Target result) {

  /**
   * The broadcast side: a tile or an f32 view, row-major.
   *
   * @param segment slot of its buffer; negative for a tile
   * @param origin slot of its place in the buffer
   * @param offset where a tile's first element lies
   * @param rowStride elements from one row to the next
   */
  record Left(int segment, int origin, int offset, int rowStride) {

    static Left inTile(int offset, int rowStride) {
      return new Left(-1, -1, offset, rowStride);
    }

    static Left inBuffer(int segment, int origin, View view) {
      if (view.layout() instanceof View.Layout.Rows rows && rows.groupStride() == 0) {
        return new Left(segment, origin, -1, Math.toIntExact(rows.rowStride()));
      }
      throw new IllegalStateException("the left view of a dot has evenly spaced rows");
    }

    boolean inBuffer() {
      return segment >= 0;
    }

    /** Pushes the place of a term of the row in a slot. */
    void push(CodeBuilder code, int row, int term) {
      if (inBuffer()) {
        code.aload(segment);
        long start = (long) term * Float.BYTES;
        Emission.pushLong(code, origin, start, row, (long) rowStride * Float.BYTES);
      } else {
        Emission.pushInt(code, -1, offset + term, row, rowStride);
      }
    }
  }

  /**
   * The side that is read in lines: a view.
   *
   * @param segment slot of its buffer
   * @param origin slot of its place in the buffer
   */
  record Right(int segment, int origin, ElementFormat format, View view) {

    /** {@return what its places are counted in, an element} */
    int placesPerElement() {
      return BufferLanes.placesPerElement(format);
    }

    /** Pushes the place {@code constant} + variable * {@code factor} behind the origin. */
    void push(CodeBuilder code, long constant, int variable, long factor) {
      code.aload(segment);
      Emission.pushLong(code, origin, constant, variable, factor);
    }
  }

  /**
   * What is added to: columns of a tile.
   *
   * @param offset where its first element lies
   * @param rows its rows
   * @param columns its columns
   * @param stride elements from one row to the next
   */
  record Target(int offset, int rows, int columns, int stride) {

    Target from(int column) {
      return new Target(offset + column, rows, columns - column, stride);
    }

    /** Pushes the place of a column of the row in a slot. */
    void push(CodeBuilder code, int column, int row) {
      Emission.pushInt(code, -1, offset + column, row, stride);
    }
  }
}
