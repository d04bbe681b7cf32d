package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Writes a kernel as a class file over the Vector API: uniform control in the entry method, each
 * contraction or pointwise phase in a small static method of its own.
 */
public final class JvmLowering {

  private JvmLowering() {}

  /**
   * {@return the class file of {@code kernel} for vectors of {@code vectorBits}, whole in itself}
   *
   * @param kernel a verified kernel
   * @param vectorBits 128, 256 or 512
   */
  public static byte[] lower(Kernel kernel, int vectorBits) {
    ClassDesc self = ClassDesc.of(JvmKernelAbi.className(kernel.name(), vectorBits));
    SharedPhases own = new SharedPhases(self);
    return write(
        self,
        builder -> {
          writeEntry(builder, self, kernel, vectorBits, own);
          own.writeTo(builder);
        });
  }

  /**
   * {@return class files by kernel name: one for each kernel and {@link JvmKernelAbi#SHARED} for
   * the phases they share}
   *
   * @param kernels verified kernels with distinct names
   * @param vectorBits 128, 256 or 512
   */
  public static Map<String, byte[]> lowerTogether(List<Kernel> kernels, int vectorBits) {
    ClassDesc sharedClass = ClassDesc.of(JvmKernelAbi.className(JvmKernelAbi.SHARED, vectorBits));
    SharedPhases shared = new SharedPhases(sharedClass);
    Map<String, byte[]> classes = new TreeMap<>();
    for (Kernel kernel : kernels) {
      ClassDesc self = ClassDesc.of(JvmKernelAbi.className(kernel.name(), vectorBits));
      classes.put(
          kernel.name(),
          write(self, builder -> writeEntry(builder, self, kernel, vectorBits, shared)));
    }
    classes.put(JvmKernelAbi.SHARED, write(sharedClass, shared::writeTo));
    return classes;
  }

  private static byte[] write(ClassDesc self, Consumer<ClassBuilder> body) {
    return ClassFile.of()
        .build(
            self,
            builder -> {
              builder.withVersion(ClassFile.JAVA_25_VERSION, 0);
              builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL);
              body.accept(builder);
            });
  }

  private static void writeEntry(
      ClassBuilder builder, ClassDesc self, Kernel kernel, int vectorBits, SharedPhases shared) {
    if (!JvmKernelAbi.VECTOR_BITS.contains(vectorBits)) {
      throw new IllegalArgumentException(
          "vector bits must be one of " + JvmKernelAbi.VECTOR_BITS + ", got " + vectorBits);
    }
    Emission emission =
        new Emission(builder, self, vectorBits / Integer.SIZE, new TileFrame(kernel), shared);
    builder.withMethodBody(
        JvmKernelAbi.ENTRY,
        RUN,
        ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
        code -> new Entry(code, emission, kernel).write());
  }

  /** The entry method: loads its arguments, then walks the statements. */
  private static final class Entry {
    private static final int BUFFERS = 0;
    private static final int DIMS = 1;
    private static final int FLOATS = 2;
    private static final int INTS = 3;
    private static final int FIRST_AXIS = 4;

    private final CodeBuilder code;
    private final Emission emission;
    private final Kernel kernel;
    private final Map<String, Integer> segments = new HashMap<>();
    private final Map<String, Integer> dims = new HashMap<>();
    private final Map<String, Integer> variables = new HashMap<>();

    Entry(CodeBuilder code, Emission emission, Kernel kernel) {
      this.code = code;
      this.emission = emission;
      this.kernel = kernel;
    }

    void write() {
      for (int i = 0; i < kernel.buffers().size(); i++) {
        int slot = code.allocateLocal(TypeKind.REFERENCE);
        segments.put(kernel.buffers().get(i).name(), slot);
        code.aload(BUFFERS).loadConstant(i).aaload().astore(slot);
      }
      for (int i = 0; i < kernel.dims().size(); i++) {
        int slot = code.allocateLocal(TypeKind.INT);
        dims.put(kernel.dims().get(i), slot);
        code.aload(DIMS)
            .iload(FIRST_AXIS)
            .loadConstant(kernel.dims().size())
            .imul()
            .loadConstant(i)
            .iadd()
            .iaload()
            .istore(slot);
      }
      statements(kernel.body());
      code.return_();
    }

    private void statements(List<Statement> list) {
      for (Statement statement : list) {
        statement(statement);
      }
    }

    private void statement(Statement statement) {
      switch (statement) {
        case Statement.Let let -> {
          int slot = code.allocateLocal(TypeKind.INT);
          push(let.value());
          code.istore(slot);
          variables.put(let.name(), slot);
        }
        case Statement.For loop -> loop(loop);
        case Statement.If choice -> choice(choice);
        case Statement.Load load -> {
          PhaseArguments arguments = new PhaseArguments();
          call(
              new CopyEmitter(emission, kernel).load(load.tile(), load.view(), arguments),
              arguments);
        }
        case Statement.Store store -> {
          PhaseArguments arguments = new PhaseArguments();
          call(
              new CopyEmitter(emission, kernel).store(store.tile(), store.view(), arguments),
              arguments);
        }
        case Statement.Map map -> call(MapEmitter.map(map, emission, kernel));
        case Statement.Reduce reduce ->
            call(
                kernel.tile(reduce.tile().tile()).type() == Kernel.TileType.I32
                        && reduce.operator() != Statement.ReduceOperator.ARGMAX
                    ? IntReduceBody.reduce(reduce, emission, kernel)
                    : ReduceBody.reduce(reduce, emission, kernel));
        case Statement.Scan scan -> call(ScanBody.scan(scan, emission, kernel));
        case Statement.Scatter scatter -> scatter(scatter);
        case Statement.DotNT dot -> {
          PhaseArguments arguments = new PhaseArguments();
          call(new DotEmitter(emission, kernel).dotNT(dot, arguments), arguments);
        }
        case Statement.DotNN dot -> {
          PhaseArguments arguments = new PhaseArguments();
          call(new DotEmitter(emission, kernel).dotNN(dot, arguments), arguments);
        }
      }
    }

    private void scatter(Statement.Scatter scatter) {
      ScatterBody body = new ScatterBody(kernel.tile(scatter.value()).type());
      code.aload(FLOATS).aload(INTS).aload(slot(segments, scatter.buffer()));
      push(scatter.start());
      code.loadConstant(kernel.tile(scatter.index()).columns())
          .loadConstant(emission.frame().offset(scatter.index()))
          .loadConstant(emission.frame().offset(scatter.value()));
      emission.shared("scatter", body, ScatterBody.TYPE, body::write).invoke(code);
    }

    private void loop(Statement.For loop) {
      int variable = code.allocateLocal(TypeKind.INT);
      int limit = code.allocateLocal(TypeKind.INT);
      push(loop.to());
      code.istore(limit);
      push(loop.from());
      code.istore(variable);
      variables.put(loop.variable(), variable);
      Label top = code.newLabel();
      Label end = code.newLabel();
      code.labelBinding(top).iload(variable).iload(limit).if_icmpge(end);
      statements(loop.body());
      code.iinc(variable, 1).goto_(top).labelBinding(end);
    }

    private void choice(Statement.If choice) {
      Label otherwise = code.newLabel();
      push(choice.condition());
      code.ifeq(otherwise);
      statements(choice.whenTrue());
      if (choice.whenFalse().isEmpty()) {
        code.labelBinding(otherwise);
        return;
      }
      Label end = code.newLabel();
      code.goto_(end).labelBinding(otherwise);
      statements(choice.whenFalse());
      code.labelBinding(end);
    }

    private void call(String method, PhaseArguments arguments) {
      pushAll(arguments);
      code.invokestatic(emission.self(), method, arguments.type());
    }

    private void call(SharedPhases.Phase phase, PhaseArguments arguments) {
      pushAll(arguments);
      phase.invoke(code);
    }

    private void pushAll(PhaseArguments arguments) {
      code.aload(FLOATS).aload(INTS);
      for (PhaseArguments.Argument argument : arguments.inOrder()) {
        switch (argument) {
          case PhaseArguments.Argument.Segment segment ->
              code.aload(slot(segments, segment.buffer()));
          case PhaseArguments.Argument.Origin origin ->
              pushOrigin(origin.view(), origin.firstColumn());
          case PhaseArguments.Argument.Place place -> code.loadConstant(place.offset());
        }
      }
    }

    private void call(SharedCall call) {
      code.aload(FLOATS).aload(INTS);
      call.arguments().forEach(this::push);
      call.phase().invoke(code);
    }

    /** Pushes (block * blockStride + offset + row contribution) as the buffer counts places. */
    private void pushOrigin(View view, int firstColumn) {
      push(view.block());
      code.i2l().loadConstant(view.blockStride()).lmul();
      addElements(view.offset(), 1);
      switch (view.layout()) {
        case View.Layout.Rows rows when rows.groupStride() != 0 ->
            code.loadConstant(groupedRow(view, rows)).ladd();
        case View.Layout.Rows rows -> addElements(view.row(), rows.rowStride());
        case View.Layout.Columns columns -> {
          addStrips(view.row(), columns.rows(), columns.strip(), columns.strideOfStrips());
          addInStrip(view.row(), columns.rows(), columns.strip(), columns.paired(), 1);
        }
        case View.Layout.Tiles tiles -> {
          addStrips(view.row(), tiles.rows(), tiles.height(), tiles.strideOfStrips());
          addInStrip(view.row(), tiles.rows(), tiles.height(), false, tiles.widthAt(firstColumn));
          if (firstColumn > 0) {
            code.loadConstant((long) firstColumn * tiles.height()).ladd();
          }
        }
      }
      ElementFormat format = kernel.buffer(view.buffer()).format();
      code.loadConstant((long) BufferLanes.placesPerElement(format)).lmul();
    }

    /** {@return elements before the first row of a view whose rows come in groups} */
    private static long groupedRow(View view, View.Layout.Rows rows) {
      if (!(view.row() instanceof IntExpression.Constant(int first))) {
        throw new IllegalStateException("the first row of a grouped view is a constant");
      }
      int inGroup = first % rows.group();
      if (inGroup != 0 && inGroup + view.rows() > rows.group()) {
        throw new IllegalStateException("a grouped view starts a group or stays within one");
      }
      return first / rows.group() * rows.groupStride() + inGroup * rows.rowStride();
    }

    /** Adds what the strips before the one that holds {@code row} take. */
    private void addStrips(IntExpression row, int rows, int strip, long stride) {
      if (strip < rows && !isZero(row)) {
        push(row);
        code.loadConstant(strip).idiv().i2l().loadConstant(stride).lmul().ladd();
      }
    }

    /** Adds the place of {@code row} within its strip, whose rows lie {@code factor} apart. */
    private void addInStrip(IntExpression row, int rows, int strip, boolean paired, long factor) {
      if (isZero(row)) {
        return;
      }
      push(row);
      if (strip < rows) {
        code.loadConstant(strip).irem();
      }
      if (paired) {
        int half = View.Layout.PAIRS / 2;
        code.dup().loadConstant(half).irem().iconst_2().imul();
        code.swap().loadConstant(half).idiv().iadd();
      }
      code.i2l().loadConstant(factor).lmul().ladd();
    }

    private static boolean isZero(IntExpression expression) {
      return expression instanceof IntExpression.Constant(int value) && value == 0;
    }

    private void addElements(IntExpression count, long factor) {
      if (isZero(count)) {
        return;
      }
      push(count);
      code.i2l().loadConstant(factor).lmul().ladd();
    }

    private static int slot(Map<String, Integer> slots, String name) {
      Integer slot = slots.get(name);
      if (slot == null) {
        throw new IllegalArgumentException("nothing is named " + name);
      }
      return slot;
    }

    private void push(IntExpression expression) {
      switch (expression) {
        case IntExpression.Constant constant -> code.loadConstant(constant.value());
        case IntExpression.Variable variable -> code.iload(slot(variables, variable.name()));
        case IntExpression.Dimension dimension -> code.iload(slot(dims, dimension.name()));
        case IntExpression.Axis axis -> code.iload(FIRST_AXIS + kernel.axes().indexOf(axis.name()));
        case IntExpression.BufferElement element ->
            new Lanes(code, 1)
                .readInts(
                    slot(segments, element.buffer()),
                    () -> {
                      push(element.index());
                      code.i2l().loadConstant((long) Integer.BYTES).lmul();
                    });
        case IntExpression.TileElement element -> {
          Kernel.Tile tile = kernel.tile(element.tile());
          int index =
              emission.frame().offset(tile.name())
                  + element.row() * tile.columns()
                  + element.column();
          code.aload(INTS).loadConstant(index).iaload();
        }
        case IntExpression.Binary binary -> {
          boolean truths =
              binary.operator() == IntExpression.IntOperator.AND
                  || binary.operator() == IntExpression.IntOperator.OR;
          push(binary.left());
          if (truths) {
            toTruth(binary.left());
          }
          push(binary.right());
          if (truths) {
            toTruth(binary.right());
          }
          join(binary.operator());
        }
      }
    }

    private void join(IntExpression.IntOperator operator) {
      switch (operator) {
        case ADD -> code.iadd();
        case SUBTRACT -> code.isub();
        case MULTIPLY -> code.imul();
        case FLOOR_DIVIDE -> code.invokestatic(MATH, "floorDiv", INTS_TO_INT);
        case CEIL_DIVIDE -> code.invokestatic(MATH, "ceilDiv", INTS_TO_INT);
        case MODULO -> code.invokestatic(MATH, "floorMod", INTS_TO_INT);
        case MINIMUM -> code.invokestatic(MATH, "min", INTS_TO_INT);
        case MAXIMUM -> code.invokestatic(MATH, "max", INTS_TO_INT);
        case LESS, LESS_OR_EQUAL, EQUAL -> compare(operator);
        case AND -> code.iand();
        case OR -> code.ior();
      }
    }

    /** Makes the number on the stack 0 or 1; what only ever is one of them stays. */
    private void toTruth(IntExpression expression) {
      boolean known =
          expression instanceof IntExpression.Binary binary
              && switch (binary.operator()) {
                case LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> true;
                case ADD, SUBTRACT, MULTIPLY, FLOOR_DIVIDE, CEIL_DIVIDE, MODULO, MINIMUM, MAXIMUM ->
                    false;
              };
      if (!known) {
        Label zero = code.newLabel();
        Label end = code.newLabel();
        code.ifeq(zero).iconst_1().goto_(end).labelBinding(zero).iconst_0().labelBinding(end);
      }
    }

    private void compare(IntExpression.IntOperator operator) {
      Label holds = code.newLabel();
      Label end = code.newLabel();
      switch (operator) {
        case LESS -> code.if_icmplt(holds);
        case LESS_OR_EQUAL -> code.if_icmple(holds);
        default -> code.if_icmpeq(holds);
      }
      code.iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
    }
  }
}
