package dev.kvasir.plans;

import static dev.kvasir.plans.HostileClasses.BITS;
import static dev.kvasir.plans.HostileClasses.OPEN;
import static dev.kvasir.plans.HostileClasses.RUN;
import static dev.kvasir.plans.HostileClasses.body;
import static dev.kvasir.plans.HostileClasses.file;
import static dev.kvasir.plans.HostileClasses.self;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_String;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Kernel classes with instructions and constants that no kernel may have. */
final class HostileCodeCases {

  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(CD_void);

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileCodeCases() {}

  static List<HostileCase> all() {
    HostileCodeCases all = new HostileCodeCases();
    all.addInstructions();
    return all.cases;
  }

  private void add(String name, byte[] attend, String problem) {
    add(name, Map.of("attend", attend), problem);
  }

  private void add(String name, Map<String, byte[]> kernels, String problem) {
    cases.add(HostileCase.kernels(name, kernels, problem));
  }

  private void addInstructions() {
    MethodTypeDesc bootstrap =
        MethodTypeDesc.ofDescriptor(
            "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;)Ljava/lang/invoke/CallSite;");
    DirectMethodHandleDesc handle =
        MethodHandleDesc.ofMethod(
            DirectMethodHandleDesc.Kind.STATIC, ClassDesc.of("java.lang.Math"), "sqrt", bootstrap);
    add(
        "links a call while it runs",
        body(code -> code.invokedynamic(DynamicCallSiteDesc.of(handle, "run", NOTHING))),
        "error[KV6012]");
    add(
        "computes a constant while it is linked",
        body(
            code ->
                code.loadConstant(DynamicConstantDesc.of(ConstantDescs.BSM_NULL_CONSTANT))
                    .astore(20)),
        "error[KV6012]");
    add("holds a method handle", body(code -> code.loadConstant(handle).astore(20)), "got tag 15");
    add("holds a method type", body(code -> code.loadConstant(bootstrap).astore(20)), "got tag 16");
    add("holds a text", body(code -> code.loadConstant("text").astore(20)), "got tag 8");
    add(
        "holds a class",
        body(code -> code.loadConstant(ClassDesc.of("java.lang.Math")).astore(20)),
        "expected a number as constant");
    add(
        "makes an object",
        body(code -> code.new_(CD_Object).astore(20)),
        "expected no new, got one");
    add(
        "makes an array of numbers",
        body(code -> code.iload(4).newarray(TypeKind.FLOAT).astore(20)),
        "expected no newarray");
    add(
        "makes an array of objects",
        body(code -> code.iload(4).anewarray(CD_Object).astore(20)),
        "expected no anewarray");
    add(
        "makes an array of arrays",
        body(code -> code.iload(4).iload(4).multianewarray(CD_int.arrayType(2), 2).astore(20)),
        "[[I");
    add("locks", body(code -> code.aload(0).monitorenter()), "expected no monitorenter");
    add("throws", body(code -> code.aload(0).athrow()), "expected no athrow");
    add(
        "catches",
        body(
            code ->
                code.trying(
                    block -> block.iconst_0().istore(20),
                    handler -> handler.catchingAll(block -> block.astore(20)))),
        "expected no exception handlers");
    add(
        "calls a constructor",
        body(code -> code.aload(0).invokespecial(CD_Object, "<init>", NOTHING)),
        "expected no invokespecial");
    add(
        "exchanges buffers",
        body(code -> code.aload(0).iconst_0().aload(0).iconst_1().aaload().aastore()),
        "expected no aastore");
    add(
        "casts to another type",
        body(code -> code.aload(0).checkcast(CD_Object).astore(20)),
        "expected a cast of the allow-list, got one to java/lang/Object");
    add(
        "asks for a type",
        body(code -> code.aload(0).instanceOf(CD_Object).istore(20)),
        "expected no instanceof");
    add(
        "casts to a text",
        body(code -> code.aload(0).checkcast(CD_String).astore(20)),
        "got java.lang.String");
    add("uses null", body(code -> code.aconst_null().astore(20)), "expected a number as constant");
    add(
        "switches",
        body(
            code -> {
              Label end = code.newLabel();
              code.iload(4).tableswitch(end, List.of(SwitchCase.of(0, end))).labelBinding(end);
            }),
        "expected no tableswitch");
    add(
        "compares references",
        body(
            code -> {
              Label end = code.newLabel();
              code.aload(0).aload(0).if_acmpeq(end).labelBinding(end);
            }),
        "expected no if_acmpeq");
    add("takes more operands than there are", body(CodeBuilder::iadd), "expected more operands");
    add(
        "runs into its end",
        file(
            self("attend", BITS),
            builder ->
                builder
                    .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                    .withMethodBody("run", RUN, OPEN, code -> code.iconst_0().istore(10))),
        "expected a return at the end");
  }
}
