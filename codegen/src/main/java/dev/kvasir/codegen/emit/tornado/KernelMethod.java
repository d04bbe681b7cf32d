package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.Label;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The kernel method: what its code can name, and the shapes that all phases share. */
final class KernelMethod {

  /** Fields of the context that hold a grid point's coordinates, in the order of the axes. */
  private static final List<String> COORDINATES = List.of("groupIdx", "groupIdy", "groupIdz");

  private final Kernel kernel;
  private final MethodWriter writer;
  private final Elements elements;
  private final LocalMemory memory;
  private final Local context = new Local("context", TornadoApi.CONTEXT);
  private final Local launches = new Local("launches", TornadoApi.INT_ARRAY);
  private final Local place = new Local("place", TornadoApi.INT_ARRAY);
  private final Local thread = new Local("thread", CD_int);
  private final Map<String, Local> buffers = new HashMap<>();
  private final Map<String, Local> dimensions = new HashMap<>();
  private final Map<String, Local> axes = new HashMap<>();
  private final Map<String, Local> variables = new HashMap<>();
  private final Map<String, Local> arrays = new HashMap<>();

  KernelMethod(Kernel kernel, MethodWriter writer, LocalMemory memory) {
    this.kernel = kernel;
    this.writer = writer;
    this.elements = new Elements(writer);
    this.memory = memory;
  }

  Kernel kernel() {
    return kernel;
  }

  MethodWriter writer() {
    return writer;
  }

  LocalMemory memory() {
    return memory;
  }

  /**
   * Writes the method around {@code body}, which the groups within the grid's extents run.
   *
   * <p>Local memory is taken before groups part: OpenCL declares it in the outermost scope alone.
   */
  void write(Runnable body) {
    parameters();
    memory.arrays().forEach(this::allocate);
    coordinate("localIdx");
    writer.declare(thread);
    Local launch = placeOfLaunch();
    List<Local> coordinates = coordinates();
    Label outside = writer.code().newLabel();
    for (int i = 0; i < TornadoKernelAbi.EXTENTS; i++) {
      writer.push(coordinates.get(i));
      pushLaunch(launch, () -> {}, i);
      writer.code().if_icmpge(outside);
    }
    writer.enter();
    dimensions(launch);
    body.run();
    writer.exit();
    writer.code().labelBinding(outside);
  }

  private void parameters() {
    writer.parameter(context);
    writer.parameter(launches);
    writer.parameter(place);
    for (Kernel.Buffer buffer : kernel.buffers()) {
      Local local = new Local("buffer_" + buffer.name(), Elements.arrayType(buffer.format()));
      writer.parameter(local);
      buffers.put(buffer.name(), local);
    }
  }

  private Local placeOfLaunch() {
    writer.push(place).push(0);
    writer.code().invokevirtual(TornadoApi.INT_ARRAY, "get", TornadoApi.GET_INT);
    return writer.declareInt("launch");
  }

  private List<Local> coordinates() {
    List<Local> coordinates = new ArrayList<>();
    for (int i = 0; i < TornadoKernelAbi.EXTENTS; i++) {
      coordinate(COORDINATES.get(i));
      if (i < kernel.axes().size()) {
        String axis = kernel.axes().get(i);
        coordinates.add(writer.declareInt("axis_" + axis));
        axes.put(axis, coordinates.getLast());
      } else {
        coordinates.add(writer.declareInt("unused"));
      }
    }
    return List.copyOf(coordinates);
  }

  private void dimensions(Local launch) {
    Local sequence = named(axes, kernel.axes().getFirst());
    for (int i = 0; i < kernel.dims().size(); i++) {
      pushLaunch(
          launch,
          () -> writer.push(sequence).times(kernel.dims().size()).plus(),
          TornadoKernelAbi.EXTENTS + i);
      String dim = kernel.dims().get(i);
      dimensions.put(dim, writer.declareInt("dim_" + dim));
    }
  }

  /** Pushes element {@code offset} of the launch's values, moved by what {@code move} adds. */
  private void pushLaunch(Local launch, Runnable move, int offset) {
    writer.push(launches).push(launch);
    move.run();
    writer.push(offset).plus();
    writer.code().invokevirtual(TornadoApi.INT_ARRAY, "get", TornadoApi.GET_INT);
  }

  private void coordinate(String field) {
    writer.push(context);
    writer
        .code()
        .getfield(TornadoApi.CONTEXT, field, TornadoApi.BOXED_INT)
        .invokevirtual(TornadoApi.BOXED_INT, "intValue", TornadoApi.UNBOX);
  }

  private void allocate(LocalMemory.Array array) {
    writer.push(context).push(array.size());
    Local local =
        switch (array.type()) {
          case F32 -> {
            writer
                .code()
                .invokevirtual(
                    TornadoApi.CONTEXT, "allocateFloatLocalArray", TornadoApi.ALLOCATE_FLOATS);
            yield new Local("tile_" + array.name(), TornadoApi.LOCAL_FLOATS);
          }
          case I32 -> {
            writer
                .code()
                .invokevirtual(
                    TornadoApi.CONTEXT, "allocateIntLocalArray", TornadoApi.ALLOCATE_INTS);
            yield new Local("tile_" + array.name(), TornadoApi.LOCAL_INTS);
          }
        };
    writer.declare(local);
    arrays.put(array.name(), local);
  }

  void barrier(Access.Space space) {
    writer.push(context);
    String method =
        switch (space) {
          case LOCAL -> "localBarrier";
          case GLOBAL -> "globalBarrier";
        };
    writer.code().invokevirtual(TornadoApi.CONTEXT, method, TornadoApi.BARRIER);
  }

  Local thread() {
    return thread;
  }

  Local buffer(String name) {
    return named(buffers, name);
  }

  Local dimension(String name) {
    return named(dimensions, name);
  }

  Local axis(String name) {
    return named(axes, name);
  }

  Local variable(String name) {
    return named(variables, name);
  }

  void nameVariable(String name, Local local) {
    variables.put(name, local);
  }

  /** {@return the local array of a tile or of scratch} */
  Local array(String name) {
    return named(arrays, name);
  }

  private static Local named(Map<String, Local> locals, String name) {
    Local local = locals.get(name);
    if (local == null) {
      throw new IllegalArgumentException("nothing is named " + name);
    }
    return local;
  }

  /** Writes the body for each i in 0 .. count - 1 that is this thread's modulo the work-group. */
  void share(int count, Consumer<Local> body) {
    if (count == TornadoKernelAbi.THREADS) {
      body.accept(thread);
    } else if (count < TornadoKernelAbi.THREADS) {
      writer.push(thread).push(count);
      writer.whenLess(() -> body.accept(thread));
    } else {
      writer.push(thread);
      writer.loop("element", count, TornadoKernelAbi.THREADS, body);
    }
  }

  /** Pushes element {@code index} of a tile or of scratch. */
  void load(String array, Runnable index) {
    Local local = array(array);
    writer.push(local);
    index.run();
    if (local.type().equals(TornadoApi.LOCAL_FLOATS)) {
      writer.code().faload();
    } else {
      writer.code().iaload();
    }
  }

  /** Stores {@code value} as element {@code index} of a tile or of scratch. */
  void store(String array, Runnable index, Runnable value) {
    Local local = array(array);
    writer.push(local);
    index.run();
    value.run();
    if (local.type().equals(TornadoApi.LOCAL_FLOATS)) {
      writer.code().fastore();
    } else {
      writer.code().iastore();
    }
  }

  /** Pushes element {@code index} of a buffer. */
  void get(String buffer, Runnable index) {
    elements.get(buffer(buffer), kernel.buffer(buffer).format(), index);
  }

  /** Stores {@code value} as element {@code index} of a buffer, not of u4. */
  void set(String buffer, Runnable index, Runnable value) {
    elements.set(buffer(buffer), kernel.buffer(buffer).format(), index, value);
  }

  /** As {@link Elements#setNibble}. */
  void setNibble(String buffer, int nibble, Runnable index, Runnable value) {
    elements.setNibble(buffer(buffer), nibble, index, value);
  }

  /** One memory may serve several buffers, so buffers of one format count as one. */
  Access reads(String buffer) {
    return global(buffer, false);
  }

  /** As {@link #reads}. */
  Access writes(String buffer) {
    return global(buffer, true);
  }

  private Access global(String buffer, boolean write) {
    return new Access(Access.Space.GLOBAL, kernel.buffer(buffer).format().text(), write, false);
  }
}
