package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.COMPARE_FLOAT;
import static dev.kvasir.codegen.emit.jvm.Descriptors.COMPARISON;
import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_BLEND;
import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_VECTOR;
import static dev.kvasir.codegen.emit.jvm.Descriptors.SEGMENT;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The register-blocked loop of a contraction whose right side lies line by line: each term loads
 * its line of vectors and broadcasts one left element a row. Everything that shapes the machine
 * code is static; places and the number of terms are parameters.
 *
 * @param leftStride elements from one left row to the next
 * @param rows rows of the block
 * @param resultStride elements from one result row to the next
 * @param lanes lanes of a vector
 * @param format how the right side is stored
 * @param terms the terms of one iteration
 * @param step terms from one iteration to the next
 * @param linePlaces places from one term's line to the next
 * @param codesBefore of codes in blocks, whose places are bytes from the start of a block: the
 *     codes in front of the first line within its block; else -1
 * @param accumulate whether sums start at what the result holds
 * @param guarded whether a left element of 0 adds nothing whatever the right side holds
 */
record LineBody(
    int leftStride,
    int rows,
    int resultStride,
    int lanes,
    ElementFormat format,
    List<Term> terms,
    int step,
    long linePlaces,
    int codesBefore,
    boolean accumulate,
    boolean guarded) {

  /** (tile floats, right segment, right origin, left index, number of terms, result index). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, CD_int, CD_int, CD_int);

  /** {@link #codesBefore} of elements that are loaded as they lie. */
  static final int NO_BLOCKS = -1;

  /** {@link Vector#field} of a vector that is loaded as it lies. */
  static final int WHOLE = -1;

  private static final int SEGMENT_SLOT = 1;
  private static final int ORIGIN = 2;
  private static final int LEFT = 4;
  private static final int COUNT = 5;
  private static final int RESULT = 6;

  /**
   * One term of an iteration.
   *
   * @param further terms behind the iteration's first
   * @param vectors its line
   */
  record Term(int further, List<Vector> vectors) {}

  /**
   * A vector of a line.
   *
   * @param column first column of the result that it belongs to
   * @param place where it is loaded from: places behind the line of the iteration's first term
   * @param field which field of the integers there it is, or {@link #WHOLE}
   */
  record Vector(int column, long place, int field) {}

  void write(CodeBuilder code) {
    new Writer(code).write();
  }

  /** Writes one method. */
  private final class Writer {
    private final CodeBuilder code;
    private final Lanes vector;
    private final Lanes scalar;
    private final BufferLanes right;
    private final TypeKind kind;
    private final int[][] sums = new int[rows][terms.getFirst().vectors().size()];
    private final int[] scales = scales();
    private int origin = ORIGIN;

    Writer(CodeBuilder code) {
      this.code = code;
      this.vector = new Lanes(code, lanes);
      this.scalar = new Lanes(code, 1);
      this.right = new BufferLanes(code, vector);
      this.kind = vector.floatKind();
    }

    void write() {
      start();
      if (codesBefore != NO_BLOCKS) {
        origin = code.allocateLocal(TypeKind.LONG);
        code.lload(ORIGIN).loadConstant((long) codesBefore).lsub();
        code.loadConstant((long) format.bits()).lmul();
        code.loadConstant(Integer.numberOfTrailingZeros(Byte.SIZE)).lshr().lstore(origin);
      }
      Emission.loop(code, () -> code.loadConstant(0), COUNT, step, this::iteration);
      finish();
      code.return_();
    }

    /**
     * {@return by how many bits each vector of sums is larger than what it stands for: codes are
     * taken where they lie, unless that differs between the terms}
     */
    private int[] scales() {
      int[] found = new int[sums[0].length];
      for (int i = 0; i < found.length; i++) {
        int column = i;
        int[] bits =
            terms.stream()
                .mapToInt(
                    term -> CodeLanes.scaleInPlace(format, term.vectors().get(column).field()))
                .distinct()
                .toArray();
        boolean inPlace = codesBefore != NO_BLOCKS && lanes > 1 && bits.length == 1;
        found[i] = inPlace ? bits[0] : 0;
      }
      return found;
    }

    private void start() {
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < sums[row].length; i++) {
          sums[row][i] = code.allocateLocal(kind);
          if (accumulate) {
            vector.loadFloats(PhaseArguments.FLOATS, resultIndex(row, i));
            vector.scale(scales[i]);
          } else {
            vector.zero();
          }
          code.storeLocal(kind, sums[row][i]);
        }
      }
    }

    private Runnable resultIndex(int row, int i) {
      int offset = row * resultStride + terms.getFirst().vectors().get(i).column();
      return () -> Emission.pushInt(code, RESULT, offset, -1, 0);
    }

    private void iteration(int first) {
      Map<Long, Integer> loaded = new HashMap<>();
      for (Term term : terms) {
        int[] line = line(term.vectors(), first, loaded);
        int factor = code.allocateLocal(kind);
        for (int row = 0; row < rows; row++) {
          pushLeft(row, first, term.further());
          vector.broadcastFloat();
          code.storeLocal(kind, factor);
          for (int i = 0; i < line.length; i++) {
            addTerm(line[i], factor, sums[row][i]);
          }
        }
      }
    }

    private int[] line(List<Vector> vectors, int first, Map<Long, Integer> loaded) {
      int[] line = new int[vectors.size()];
      for (int i = 0; i < line.length; i++) {
        Vector source = vectors.get(i);
        Runnable place = () -> Emission.pushLong(code, origin, source.place(), first, linePlaces);
        if (source.field() == WHOLE) {
          right.load(format, SEGMENT_SLOT, place);
        } else {
          TypeKind integers = vector.isVector() ? TypeKind.REFERENCE : TypeKind.INT;
          Integer known = loaded.get(source.place());
          if (known == null) {
            vector.readInts(SEGMENT_SLOT, place);
            known = code.allocateLocal(integers);
            code.storeLocal(integers, known);
            loaded.put(source.place(), known);
          }
          code.loadLocal(integers, known);
          take(source.field(), scales[i] > 0);
        }
        line[i] = code.allocateLocal(kind);
        code.storeLocal(kind, line[i]);
      }
      return line;
    }

    private void take(int field, boolean inPlace) {
      if (!format.isCode()) {
        new HalfLanes(code, vector).take(format, field);
      } else if (inPlace) {
        new CodeLanes(code, vector, format).takeInPlace(field);
      } else {
        new CodeLanes(code, vector, format).take(field);
      }
    }

    private void pushLeft(int row, int first, int further) {
      int offset = row * leftStride + further;
      scalar.loadFloats(
          PhaseArguments.FLOATS, () -> Emission.pushInt(code, LEFT, offset, first, 1));
    }

    /** sum = line * factor + sum; guarded, a factor of 0 leaves the sum as it is. */
    private void addTerm(int line, int factor, int sum) {
      if (!guarded) {
        code.loadLocal(kind, line).loadLocal(kind, factor).loadLocal(kind, sum);
        vector.fma();
        code.storeLocal(kind, sum);
      } else if (vector.isVector()) {
        code.aload(line).aload(factor).aload(sum);
        vector.fma();
        code.aload(sum).aload(factor);
        vector.operator(COMPARISON, "EQ");
        code.fconst_0()
            .invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT)
            .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND)
            .astore(sum);
      } else {
        Label skip = code.newLabel();
        code.fload(factor).fconst_0().fcmpl().ifeq(skip);
        code.fload(line).fload(factor).fload(sum);
        vector.fma();
        code.fstore(sum).labelBinding(skip);
      }
    }

    private void finish() {
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < sums[row].length; i++) {
          code.loadLocal(kind, sums[row][i]);
          vector.scale(-scales[i]);
          vector.storeFloats(PhaseArguments.FLOATS, resultIndex(row, i));
        }
      }
    }
  }
}
