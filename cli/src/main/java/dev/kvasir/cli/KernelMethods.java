package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The methods that the classes of a plan's kernels consist of, at one vector width. */
final class KernelMethods {

  /** What HotSpot's optimising compiler does with a method, by the length of its code. */
  enum Treatment {
    /** Into callers that run it often: up to {@code -XX:FreqInlineSize}, 325 bytes. */
    INLINED("inlined"),
    /** On its own, called. */
    CALLED("called"),
    /** Not at all: over {@code -XX:HugeMethodLimit}, 8,000 bytes, it is interpreted for good. */
    NEVER_COMPILED("never compiled");

    private static final int INLINE = 325;
    private static final int HUGE = 8000;

    private final String text;

    Treatment(String text) {
      this.text = text;
    }

    static Treatment of(int bytes) {
      if (bytes > HUGE) {
        return NEVER_COMPILED;
      }
      return bytes > INLINE ? CALLED : INLINED;
    }

    /** {@return the name for people} */
    String text() {
      return text;
    }
  }

  /**
   * A method.
   *
   * @param name its name
   * @param shared whether several kernels may call it
   * @param bytes length of its code
   */
  record Method(String name, boolean shared, int bytes) {
    Treatment treatment() {
      return Treatment.of(bytes);
    }
  }

  private record Code(int bytes, List<String> sharedCalls) {}

  private final Plan plan;
  private final int vectorBits;
  private final Map<String, Code> shared;

  /**
   * @param vectorBits one of {@link JvmKernelAbi#VECTOR_BITS}
   */
  KernelMethods(Plan plan, int vectorBits) {
    this.plan = plan;
    this.vectorBits = vectorBits;
    this.shared = code(JvmKernelAbi.SHARED).orElse(Map.of());
  }

  /**
   * {@return the entry of a kernel's class, its other methods, then the shared ones that they call;
   * empty where the plan has no class of that name that can be read}
   */
  List<Method> of(String kernel) {
    Map<String, Code> own = code(kernel).orElse(Map.of());
    List<Method> methods = new ArrayList<>();
    Map<String, Method> called = new LinkedHashMap<>();
    Deque<String> calls = new ArrayDeque<>();
    own.forEach(
        (name, code) -> {
          int place = name.equals(JvmKernelAbi.ENTRY) ? 0 : methods.size();
          methods.add(place, new Method(name, false, code.bytes()));
          calls.addAll(code.sharedCalls());
        });
    while (!calls.isEmpty()) {
      String name = calls.remove();
      Code code = shared.get(name);
      if (code != null && called.putIfAbsent(name, new Method(name, true, code.bytes())) == null) {
        calls.addAll(code.sharedCalls());
      }
    }
    methods.addAll(called.values());
    return methods;
  }

  private Optional<Map<String, Code>> code(String className) {
    byte[] bytes = plan.files().get(JvmKernelAbi.entryName(className, vectorBits));
    if (bytes == null) {
      return Optional.empty();
    }
    try {
      ClassModel parsed = ClassFile.of().parse(bytes);
      Map<String, Code> methods = new LinkedHashMap<>();
      for (MethodModel method : parsed.methods()) {
        if (method.code().orElse(null) instanceof CodeAttribute code) {
          methods.put(method.methodName().stringValue(), new Code(code.codeLength(), calls(code)));
        }
      }
      return Optional.of(methods);
    } catch (IllegalArgumentException e) {
      // What a class of a stranger's plan holds is for the verifier to judge.
      return Optional.empty();
    }
  }

  private List<String> calls(CodeAttribute code) {
    String owner = JvmKernelAbi.className(JvmKernelAbi.SHARED, vectorBits).replace('.', '/');
    List<String> names = new ArrayList<>();
    for (CodeElement element : code) {
      if (element instanceof InvokeInstruction call
          && call.owner().asInternalName().equals(owner)) {
        names.add(call.name().stringValue());
      }
    }
    return names;
  }
}
