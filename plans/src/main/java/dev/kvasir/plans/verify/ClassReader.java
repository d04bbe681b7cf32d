package dev.kvasir.plans.verify;

import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.Attribute;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads one kernel class; refuses what no kernel class has. Everything is read at once, so that a
 * malformed part cannot show itself later.
 */
final class ClassReader {

  /** Most bytes of a class. */
  static final int MAX_CLASS_BYTES = 1 << 20;

  private static final int MAX_METHODS = 8_192;
  private static final int MAX_LOCALS = 4_096;
  private static final int MAX_STACK = 256;
  private static final int MAJOR = ClassFile.JAVA_25_VERSION;
  private static final String OBJECT = "java/lang/Object";

  private static final Pattern METHOD_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,254}");
  private static final Pattern METHOD_TYPE =
      Pattern.compile("\\(([IJFD]|\\[[IF]|\\[?Ljava/lang/foreign/MemorySegment;){0,255}\\)V");

  private static final Set<Integer> POOL_TAGS =
      Set.of(
          PoolEntry.TAG_UTF8,
          PoolEntry.TAG_INTEGER,
          PoolEntry.TAG_FLOAT,
          PoolEntry.TAG_LONG,
          PoolEntry.TAG_DOUBLE,
          PoolEntry.TAG_CLASS,
          PoolEntry.TAG_FIELDREF,
          PoolEntry.TAG_METHODREF,
          PoolEntry.TAG_INTERFACE_METHODREF,
          PoolEntry.TAG_NAME_AND_TYPE);

  private final String place;
  private final String self;
  private final String shared;
  private final Set<String> uses;

  /**
   * @param place where the class lies in the plan, for people
   * @param self internal name that it must have
   * @param shared internal name of the class whose methods it may call as well
   * @param uses takes the lines of the allow-list that the class needs
   */
  ClassReader(String place, String self, String shared, Set<String> uses) {
    this.place = place;
    this.self = self;
    this.shared = shared;
    this.uses = uses;
  }

  /**
   * {@return the methods of a class}
   *
   * @throws PlanException when it is no class file, or has what kernels may not have
   */
  List<KernelMethod> read(byte[] bytes) throws PlanException {
    Refusal.require(
        bytes.length <= MAX_CLASS_BYTES,
        place,
        "expected at most %d bytes, got %d".formatted(MAX_CLASS_BYTES, bytes.length));
    try {
      return methods(ClassFile.of().parse(bytes));
    } catch (RuntimeException e) {
      // The parser reads lazily; whatever it throws, on whatever path, comes of the class's bytes.
      PlanException refusal = Refusal.of(place, "expected a class file, got a malformed one: " + e);
      refusal.initCause(e);
      throw refusal;
    }
  }

  private List<KernelMethod> methods(ClassModel model) throws PlanException {
    checkClass(model);
    checkPool(model);
    List<KernelMethod> methods = new ArrayList<>();
    Set<MethodKey> keys = new HashSet<>();
    Refusal.require(
        model.methods().size() <= MAX_METHODS,
        place,
        "expected at most %d methods, got %d".formatted(MAX_METHODS, model.methods().size()));
    for (MethodModel method : model.methods()) {
      KernelMethod read = method(method);
      Refusal.require(
          keys.add(read.key()), read.place(), "expected one method of that name and type, got two");
      methods.add(read);
    }
    return methods;
  }

  private void checkClass(ClassModel model) throws PlanException {
    Refusal.require(
        model.majorVersion() == MAJOR && model.minorVersion() == 0,
        place,
        "expected class file version %d.0, got %d.%d"
            .formatted(MAJOR, model.majorVersion(), model.minorVersion()));
    String name = model.thisClass().asInternalName();
    Refusal.require(
        name.equals(self), place, "expected class %s, got %s".formatted(dots(self), dots(name)));
    int flags = model.flags().flagsMask();
    int expected = ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL;
    Refusal.require(
        (flags & ~ClassFile.ACC_SUPER) == expected,
        place,
        "expected a public final class, got flags 0x%04x".formatted(flags));
    Refusal.require(
        model.superclass().filter(type -> type.asInternalName().equals(OBJECT)).isPresent(),
        place,
        "expected java.lang.Object as superclass, got "
            + model.superclass().map(type -> dots(type.asInternalName())).orElse("none"));
    Refusal.require(
        model.interfaces().isEmpty(),
        place,
        "expected no interfaces, got %d".formatted(model.interfaces().size()));
    Refusal.require(
        model.fields().isEmpty(),
        place,
        "expected no fields, got %d".formatted(model.fields().size()));
    checkAttributes(place, model, Set.of());
  }

  private void checkPool(ClassModel model) throws PlanException {
    for (PoolEntry entry : model.constantPool()) {
      String at = "%s, constant %d".formatted(place, entry.index());
      Refusal.require(
          POOL_TAGS.contains(entry.tag()),
          at,
          "expected a number, a name, a class, a field or a method, got tag " + entry.tag());
      if (entry instanceof ClassEntry type) {
        String name = type.asInternalName();
        Refusal.require(
            KernelAllowList.names(name) || name.equals(self) || name.equals(shared),
            at,
            "expected a class of the allow-list, got " + dots(name));
      }
    }
  }

  private KernelMethod method(MethodModel method) throws PlanException {
    String name = method.methodName().stringValue();
    String type = method.methodType().stringValue();
    Refusal.require(
        METHOD_NAME.matcher(name).matches(), place, "expected no method of the name " + name);
    String at = "%s, method %s".formatted(place, name);
    int flags = method.flags().flagsMask();
    boolean open = flags == (ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC);
    Refusal.require(
        open || flags == (ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC),
        at,
        "expected public static or private static, got flags 0x%04x".formatted(flags));
    Refusal.require(
        METHOD_TYPE.matcher(type).matches(),
        at,
        "expected numbers, arrays of numbers and segments as parameters and no result, got "
            + type);
    checkAttributes(at, method, Set.of("Code"));
    CodeAttribute code =
        (CodeAttribute) method.code().orElseThrow(() -> Refusal.of(at, "expected code, got none"));
    Refusal.require(
        code.exceptionHandlers().isEmpty(), at, "expected no exception handlers, got some");
    Refusal.require(
        code.maxLocals() <= MAX_LOCALS && code.maxStack() <= MAX_STACK,
        at,
        "expected at most %d locals and %d operands, got %d and %d"
            .formatted(MAX_LOCALS, MAX_STACK, code.maxLocals(), code.maxStack()));
    checkAttributes(at, code, Set.of("StackMapTable"));
    List<CodeStep> steps = new CodeReader(at, self, shared, uses).read(code);
    Refusal.require(!steps.isEmpty(), at, "expected instructions, got none");
    return new KernelMethod(
        new MethodKey(self, name, type),
        at,
        open,
        parameterSlots(method),
        code.maxLocals(),
        code.maxStack(),
        steps);
  }

  private static int parameterSlots(MethodModel method) {
    return method.methodTypeSymbol().parameterList().stream()
        .mapToInt(type -> TypeKind.from(type).slotSize())
        .sum();
  }

  private static void checkAttributes(String at, AttributedElement element, Set<String> allowed)
      throws PlanException {
    Set<String> seen = new HashSet<>();
    for (Attribute<?> attribute : element.attributes()) {
      String name = attribute.attributeName().stringValue();
      Refusal.require(
          allowed.contains(name) && seen.add(name),
          at,
          "expected no attribute %s, got one".formatted(name));
    }
  }

  private static String dots(String internalName) {
    return internalName.replace('/', '.');
  }

  /** {@return the type of a kernel's entry method} */
  static MethodKey entry(String self) {
    return new MethodKey(self, JvmKernelAbi.ENTRY, JvmKernelAbi.ENTRY_DESCRIPTOR);
  }
}
