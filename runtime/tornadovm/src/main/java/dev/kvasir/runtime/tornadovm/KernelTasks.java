package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernels of a plan as TornadoVM's tasks. */
final class KernelTasks {

  private final Map<String, KernelDeclaration> declarations = new HashMap<>();
  private final Map<String, Object> tasks = new HashMap<>();

  private KernelTasks() {}

  /**
   * {@return the kernels of a plan, their classes loaded}
   *
   * @throws KvasirException {@link ErrorCode#KERNEL_UNLOADABLE} when a class is absent or malformed
   */
  static KernelTasks load(Plan plan) {
    KernelTasks kernels = new KernelTasks();
    KernelLoader loader = new KernelLoader();
    for (KernelDeclaration kernel : plan.program().kernels()) {
      kernels.declarations.put(kernel.name(), kernel);
      kernels.tasks.put(kernel.name(), load(loader, plan, kernel));
    }
    return kernels;
  }

  private static Object load(KernelLoader loader, Plan plan, KernelDeclaration kernel) {
    String name = kernel.name();
    byte[] bytes = plan.files().get(TornadoKernelAbi.entryName(name));
    try {
      if (bytes == null) {
        throw new ClassNotFoundException(TornadoKernelAbi.entryName(name) + " is absent");
      }
      loader.define(TornadoKernelAbi.className(name), bytes);
      String taskName = TaskClass.nameFor(TornadoKernelAbi.className(name));
      byte[] task =
          TaskClass.of(
              taskName,
              TornadoKernelAbi.className(name),
              TornadoKernelAbi.methodName(name),
              parameters(kernel));
      Class<?> type = loader.define(taskName, task);
      return type.getConstructor().newInstance();
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new KvasirException(
          ErrorCode.KERNEL_UNLOADABLE,
          "kernel %s cannot be loaded: %s; compile the plan again".formatted(name, e),
          e);
    }
  }

  private static MethodTypeDesc parameters(KernelDeclaration kernel) {
    List<ClassDesc> types = new ArrayList<>();
    types.add(descriptor(KernelContext.class));
    types.add(descriptor(IntArray.class));
    types.add(descriptor(IntArray.class));
    for (KernelDeclaration.Argument argument : kernel.arguments()) {
      types.add(descriptor(ArrayType.of(argument.format()).arrayClass()));
    }
    return MethodTypeDesc.of(ConstantDescs.CD_void, types);
  }

  private static ClassDesc descriptor(Class<?> type) {
    return ClassDesc.ofDescriptor(type.descriptorString());
  }

  /** {@return how to call a kernel} */
  KernelDeclaration declaration(String kernel) {
    KernelDeclaration declaration = declarations.get(kernel);
    if (declaration == null) {
      throw new IllegalArgumentException("the plan declares no kernel " + kernel);
    }
    return declaration;
  }

  /**
   * {@return a task that runs a kernel}
   *
   * @param id unique in its graph
   * @param arguments an array for each parameter of the kernel after the context
   */
  TaskPackage task(String id, String kernel, List<?> arguments) {
    List<Object> parameters = new ArrayList<>();
    parameters.add(id);
    parameters.add(tasks.get(kernel));
    parameters.add(new KernelContext());
    parameters.addAll(arguments);
    for (Constructor<?> constructor : TaskPackage.class.getConstructors()) {
      if (constructor.getParameterCount() == parameters.size()) {
        try {
          return (TaskPackage) constructor.newInstance(parameters.toArray());
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException("TornadoVM makes no task of " + kernel, e);
        }
      }
    }
    throw new IllegalArgumentException(
        "kernel %s has %d arguments".formatted(kernel, arguments.size()));
  }

  /** Defines the classes of one plan's kernels and the tasks that call them. */
  private static final class KernelLoader extends ClassLoader {

    KernelLoader() {
      super("kvasir-tornado-kernels", KernelTasks.class.getClassLoader());
    }

    Class<?> define(String name, byte[] bytes) {
      return defineClass(name, bytes, 0, bytes.length);
    }
  }
}
