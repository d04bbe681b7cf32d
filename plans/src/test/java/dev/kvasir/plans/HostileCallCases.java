package dev.kvasir.plans;

import static dev.kvasir.plans.HostileClasses.BITS;
import static dev.kvasir.plans.HostileClasses.RUN;
import static dev.kvasir.plans.HostileClasses.body;
import static dev.kvasir.plans.HostileClasses.calling;
import static dev.kvasir.plans.HostileClasses.callingOnSegment;
import static dev.kvasir.plans.HostileClasses.self;
import static dev.kvasir.plans.HostileClasses.with;
import static java.lang.constant.ConstantDescs.CD_Object;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Kernel classes that call or name what no kernel may. */
final class HostileCallCases {

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileCallCases() {}

  static List<HostileCase> all() {
    HostileCallCases all = new HostileCallCases();
    all.addCalls();
    return all.cases;
  }

  private void add(String name, byte[] attend, String problem) {
    add(name, Map.of("attend", attend), problem);
  }

  private void add(String name, Map<String, byte[]> kernels, String problem) {
    cases.add(HostileCase.kernels(name, kernels, problem));
  }

  private void addCalls() {
    add("ends the process", calling("java/lang/System", "exit", "(I)V"), "java.lang.System");
    add(
        "runs a program",
        calling("java/lang/Runtime", "getRuntime", "()Ljava/lang/Runtime;"),
        "java.lang.Runtime");
    add(
        "reads a file",
        calling("java/nio/file/Files", "readAllBytes", "(Ljava/nio/file/Path;)[B"),
        "java.nio.file");
    add(
        "finds classes",
        calling("java/lang/Class", "forName", "(Ljava/lang/String;)Ljava/lang/Class;"),
        "java.lang.Class");
    add(
        "looks methods up",
        calling(
            "java/lang/invoke/MethodHandles",
            "lookup",
            "()Ljava/lang/invoke/MethodHandles$Lookup;"),
        "java.lang.invoke");
    add(
        "loads a library",
        calling("java/lang/System", "loadLibrary", "(Ljava/lang/String;)V"),
        "java.lang.System");
    add(
        "calls native code",
        calling("java/lang/foreign/Linker", "nativeLinker", "()Ljava/lang/foreign/Linker;"),
        "java.lang.foreign.Linker");
    add(
        "takes Unsafe",
        calling("sun/misc/Unsafe", "getUnsafe", "()Lsun/misc/Unsafe;"),
        "sun.misc.Unsafe");
    add(
        "takes the inner Unsafe",
        calling("jdk/internal/misc/Unsafe", "getUnsafe", "()Ljdk/internal/misc/Unsafe;"),
        "jdk.internal.misc.Unsafe");
    add("sleeps", calling("java/lang/Thread", "sleep", "(J)V"), "java.lang.Thread");
    add("reads the clock", calling("java/lang/System", "nanoTime", "()J"), "java.lang.System");
    add(
        "makes memory of an address",
        body(
            code ->
                code.lconst_0()
                    .invokestatic(
                        ClassDesc.of("java.lang.foreign.MemorySegment"),
                        "ofAddress",
                        MethodTypeDesc.ofDescriptor("(J)Ljava/lang/foreign/MemorySegment;"),
                        true)
                    .astore(20)),
        "ofAddress");
    add(
        "widens a buffer",
        callingOnSegment("reinterpret", "(J)Ljava/lang/foreign/MemorySegment;"),
        "java.lang.foreign.MemorySegment.reinterpret");
    add(
        "asks for an address",
        callingOnSegment("address", "()J"),
        "java.lang.foreign.MemorySegment.address");
    add(
        "views a buffer as another",
        callingOnSegment("asByteBuffer", "()Ljava/nio/ByteBuffer;"),
        "asByteBuffer");
    add(
        "asks for a class",
        body(
            code ->
                code.aload(0)
                    .invokevirtual(CD_Object, "getClass", MethodTypeDesc.of(ConstantDescs.CD_Class))
                    .astore(20)),
        "java.lang.Object.getClass");
    add(
        "calls what the list has for other types",
        calling("java/lang/Math", "max", "(JJ)J"),
        "expected a call of the allow-list, got java.lang.Math.max(JJ)J");
    add(
        "calls what the list has in another class",
        calling("dev/evil/Math", "sqrt", "(D)D"),
        "dev.evil.Math");
    add(
        "calls a static method as a virtual one",
        body(
            code ->
                code.aload(0)
                    .dconst_0()
                    .invokevirtual(
                        ClassDesc.of("java.lang.Math"), "sqrt", MethodTypeDesc.ofDescriptor("(D)D"))
                    .dstore(20)),
        "expected a call of the allow-list, got java.lang.Math.sqrt");
    add(
        "calls another kernel",
        body(
            code ->
                code.aload(0)
                    .aload(1)
                    .aload(2)
                    .aload(3)
                    .iconst_0()
                    .iconst_0()
                    .iconst_0()
                    .invokestatic(self("embed", BITS), "run", RUN)),
        "kernels.v256.embed");
    add(
        "names a class that it never uses",
        with(builder -> builder.constantPool().classEntry(ClassDesc.of("java.lang.Runtime"))),
        "expected a class of the allow-list, got java.lang.Runtime");
  }
}
