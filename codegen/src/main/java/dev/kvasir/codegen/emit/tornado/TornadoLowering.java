package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a kernel as a class file over TornadoVM's {@code KernelContext} and arrays. All of the
 * kernel IR is lowered but buffers of bf16 and i8.
 */
public final class TornadoLowering {

  private TornadoLowering() {}

  /**
   * {@return the class file of {@code kernel}}
   *
   * @param kernel a verified kernel
   * @throws TornadoUnsupportedException when the target lacks what the kernel needs
   */
  public static TornadoKernel lower(Kernel kernel) {
    requireFormats(kernel);
    requireBuffers(kernel);
    LocalMemory memory = LocalMemory.of(kernel);
    IndexCheck.check(kernel);
    byte[] classFile =
        ClassFile.of()
            .build(
                ClassDesc.of(TornadoKernelAbi.className(kernel.name())),
                builder -> {
                  // The version is fixed so that every compiler of a plan writes the same bytes.
                  builder.withVersion(ClassFile.JAVA_25_VERSION, 0);
                  builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL);
                  builder.withMethodBody(
                      TornadoKernelAbi.methodName(kernel.name()),
                      type(kernel),
                      ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                      code -> new Body(kernel, memory, code).write());
                });
    return new TornadoKernel(kernel.name(), classFile, memory.bytes());
  }

  private static void requireFormats(Kernel kernel) {
    for (Kernel.Buffer buffer : kernel.buffers()) {
      switch (buffer.format()) {
        case F32, I32, F16, U8, U4 -> {}
        case BF16 ->
            throw refusal(
                kernel,
                buffer,
                "store rows as f16 or f32 with store-kv, or compile for target jvm");
        case I8 ->
            throw refusal(
                kernel, buffer, "use a model with f16 or f32 weights, or compile for target jvm");
      }
    }
  }

  private static TornadoUnsupportedException refusal(
      Kernel kernel, Kernel.Buffer buffer, String wayOut) {
    return new TornadoUnsupportedException(
        TornadoUnsupportedException.Reason.FORMAT,
        kernel.name(),
        "buffer %s holds %s, which this target cannot read"
            .formatted(buffer.name(), buffer.format().text()),
        wayOut);
  }

  private static void requireBuffers(Kernel kernel) {
    int buffers = kernel.buffers().size();
    if (buffers > TornadoKernelAbi.MOST_BUFFERS) {
      throw new TornadoUnsupportedException(
          TornadoUnsupportedException.Reason.ARGUMENTS,
          kernel.name(),
          "it takes %d buffers, a task of this target takes %d"
              .formatted(buffers, TornadoKernelAbi.MOST_BUFFERS),
          "use fewer segments");
    }
  }

  private static MethodTypeDesc type(Kernel kernel) {
    List<ClassDesc> types = new ArrayList<>();
    types.add(TornadoApi.CONTEXT);
    types.add(TornadoApi.INT_ARRAY);
    types.add(TornadoApi.INT_ARRAY);
    for (Kernel.Buffer buffer : kernel.buffers()) {
      types.add(Elements.arrayType(buffer.format()));
    }
    return MethodTypeDesc.of(CD_void, types);
  }

  /** Turns statements into steps, places barriers, writes the steps. */
  private static final class Body {
    private final Kernel kernel;
    private final MethodWriter writer;
    private final KernelMethod method;

    Body(Kernel kernel, LocalMemory memory, CodeBuilder code) {
      this.kernel = kernel;
      this.writer = new MethodWriter(code);
      this.method = new KernelMethod(kernel, writer, memory);
    }

    void write() {
      List<Step> steps = steps(kernel.body());
      StepWriter stepWriter = new StepWriter(method, BarrierPlacement.of(steps));
      method.write(() -> stepWriter.write(steps));
      writer.code().return_();
      writer.exit();
    }

    private List<Step> steps(List<Statement> statements) {
      return statements.stream().map(this::step).toList();
    }

    private Step step(Statement statement) {
      UniformPhase uniforms = new UniformPhase(method);
      return switch (statement) {
        case Statement.Let(String name, IntExpression value) -> {
          Local local = variable(name);
          yield naming(uniforms.declare(local, value), name, local);
        }
        case Statement.For(
                String name,
                IntExpression from,
                IntExpression to,
                List<Statement> body) -> {
          Local limit = new Local("limit", CD_int);
          Local variable = variable(name);
          yield new Step.Scope(
              List.of(
                  naming(
                      uniforms.declare(List.of(limit, variable), List.of(to, from)),
                      name,
                      variable),
                  new Step.Loop(variable, limit, steps(body))));
        }
        case Statement.If(
                IntExpression value,
                List<Statement> whenTrue,
                List<Statement> whenFalse) -> {
          Local condition = new Local("condition", CD_int);
          yield new Step.Scope(
              List.of(
                  uniforms.declareTruth(condition, value),
                  new Step.Choice(condition, steps(whenTrue), steps(whenFalse))));
        }
        case Statement.Load load -> new CopyPhase(method).load(load.tile(), load.view());
        case Statement.Store store -> new CopyPhase(method).store(store.view(), store.tile());
        case Statement.Map map -> new MapPhase(method).map(map);
        case Statement.Reduce reduce -> new ReducePhase(method, reduce).reduce();
        case Statement.Scan scan -> new RowPhase(method).scan(scan);
        case Statement.Scatter scatter -> new RowPhase(method).scatter(scatter);
        case Statement.DotNT dot -> new DotPhase(method).dotNT(dot);
        case Statement.DotNN dot -> new DotPhase(method).dotNN(dot);
      };
    }

    private static Local variable(String name) {
      return new Local("variable_" + name, CD_int);
    }

    /** One name may stand for different variables on alternative paths: the latest one written. */
    private Step.Phase naming(Step.Phase phase, String name, Local local) {
      return new Step.Phase(
          phase.accesses(),
          () -> {
            phase.code().run();
            method.nameVariable(name, local);
          },
          phase.declared());
    }
  }
}
