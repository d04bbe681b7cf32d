package dev.kvasir.plans;

import static dev.kvasir.plans.HostileClasses.BITS;
import static dev.kvasir.plans.HostileClasses.OPEN;
import static dev.kvasir.plans.HostileClasses.OWN;
import static dev.kvasir.plans.HostileClasses.RUN;
import static dev.kvasir.plans.HostileClasses.body;
import static dev.kvasir.plans.HostileClasses.file;
import static dev.kvasir.plans.HostileClasses.self;
import static dev.kvasir.plans.HostileClasses.with;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.attribute.RecordAttribute;
import java.lang.classfile.attribute.SourceFileAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Kernel classes with members that no kernel may have. */
final class HostileMemberCases {

  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(CD_void);

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileMemberCases() {}

  static List<HostileCase> all() {
    HostileMemberCases all = new HostileMemberCases();
    all.addMembers();
    all.addClasses();
    return all.cases;
  }

  private void add(String name, byte[] attend, String problem) {
    add(name, Map.of("attend", attend), problem);
  }

  private void add(String name, Map<String, byte[]> kernels, String problem) {
    cases.add(HostileCase.kernels(name, kernels, problem));
  }

  private void addMembers() {
    add(
        "reads System.out",
        body(
            code ->
                code.getstatic(
                        ClassDesc.of("java.lang.System"),
                        "out",
                        ClassDesc.of("java.io.PrintStream"))
                    .astore(20)),
        "java.lang.System");
    add(
        "changes a constant",
        body(
            code ->
                code.aload(0)
                    .putstatic(
                        ClassDesc.of("java.nio.ByteOrder"),
                        "LITTLE_ENDIAN",
                        ClassDesc.of("java.nio.ByteOrder"))),
        "expected no putstatic");
    add(
        "has a static field",
        with(builder -> builder.withField("state", CD_int, ClassFile.ACC_STATIC)),
        "expected no fields, got 1");
    add(
        "has an instance field",
        with(builder -> builder.withField("state", CD_int, ClassFile.ACC_PUBLIC)),
        "expected no fields, got 1");
    add(
        "runs code when it is loaded",
        with(
            builder ->
                builder.withMethodBody(
                    "<clinit>", NOTHING, ClassFile.ACC_STATIC, CodeBuilder::return_)),
        "expected no method of the name <clinit>");
    add(
        "has a constructor",
        with(
            builder ->
                builder.withMethodBody(
                    "<init>", NOTHING, ClassFile.ACC_PUBLIC, CodeBuilder::return_)),
        "expected no method of the name <init>");
    add(
        "has an instance method",
        with(
            builder ->
                builder.withMethodBody(
                    "phase", NOTHING, ClassFile.ACC_PUBLIC, CodeBuilder::return_)),
        "expected public static or private static, got flags 0x0001");
    add(
        "has a native method",
        with(
            builder ->
                builder.withMethod("phase", NOTHING, OPEN | ClassFile.ACC_NATIVE, method -> {})),
        "got flags 0x0109");
    add(
        "has a synchronized method",
        with(
            builder ->
                builder.withMethodBody(
                    "phase", NOTHING, OPEN | ClassFile.ACC_SYNCHRONIZED, CodeBuilder::return_)),
        "got flags 0x0029");
    add(
        "has a method without code",
        with(builder -> builder.withMethod("phase", NOTHING, OPEN, method -> {})),
        "expected code, got none");
    add(
        "has a method twice",
        with(builder -> builder.withMethodBody("run", RUN, OPEN, CodeBuilder::return_)),
        "expected one method of that name and type, got two");
    add(
        "takes an object",
        with(
            builder ->
                builder.withMethodBody(
                    "phase", MethodTypeDesc.of(CD_void, CD_Object), OWN, CodeBuilder::return_)),
        "expected numbers, arrays of numbers and segments");
    add(
        "returns a value",
        with(
            builder ->
                builder.withMethodBody(
                    "phase", MethodTypeDesc.of(CD_int), OWN, code -> code.iconst_0().ireturn())),
        "and no result, got ()I");
    add(
        "has no entry method",
        file(
            self("attend", BITS),
            builder -> builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)),
        "expected a public method run of the kernel's type, got none");
    add(
        "has an entry method of another type",
        file(
            self("attend", BITS),
            builder ->
                builder
                    .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                    .withMethodBody("run", NOTHING, OPEN, CodeBuilder::return_)),
        "expected a public method run");
    add(
        "has a private entry method",
        file(
            self("attend", BITS),
            builder ->
                builder
                    .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                    .withMethodBody("run", RUN, OWN, CodeBuilder::return_)),
        "expected a public method run");
  }

  private void addClasses() {
    add(
        "is no class file",
        "#!/bin/sh".getBytes(StandardCharsets.US_ASCII),
        "expected a class file, got a malformed one");
    add("is empty", new byte[0], "expected a class file, got a malformed one");
    byte[] whole = body(code -> code.iconst_0().istore(10));
    add(
        "ends early",
        Arrays.copyOf(whole, whole.length / 2),
        "expected a class file, got a malformed one");
    add(
        "is larger than a class may be",
        Arrays.copyOf(whole, (1 << 20) + 1),
        "expected at most 1048576 bytes, got 1048577");
    add(
        "has another kernel's name",
        HostileClasses.harmless("embed", BITS),
        "expected class dev.kvasir.kernels.v256.attend, got dev.kvasir.kernels.v256.embed");
    add(
        "has another width's name",
        HostileClasses.harmless("attend", 128),
        "got dev.kvasir.kernels.v128.attend");
    add(
        "lies in java.lang",
        file(
            ClassDesc.of("java.lang.Math"),
            builder ->
                builder
                    .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                    .withMethodBody("run", RUN, OPEN, CodeBuilder::return_)),
        "got java.lang.Math");
    add(
        "extends a class loader",
        with(builder -> builder.withSuperclass(ClassDesc.of("java.lang.ClassLoader"))),
        "expected java.lang.Object as superclass, got java.lang.ClassLoader");
    add(
        "implements an interface",
        with(builder -> builder.withInterfaceSymbols(ClassDesc.of("java.lang.Runnable"))),
        "expected no interfaces, got 1");
    add(
        "is not final",
        with(builder -> builder.withFlags(ClassFile.ACC_PUBLIC)),
        "expected a public final class, got flags 0x0001");
    add(
        "is an interface",
        with(
            builder ->
                builder.withFlags(
                    ClassFile.ACC_PUBLIC | ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT)),
        "expected a public final class, got flags 0x0601");
    add(
        "is of an old version, which is verified less",
        with(builder -> builder.withVersion(ClassFile.JAVA_5_VERSION, 0)),
        "expected class file version 69.0, got 49.0");
    add(
        "is of a preview version",
        with(builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 65_535)),
        "expected class file version 69.0, got 69.65535");
    add(
        "names its source",
        with(builder -> builder.with(SourceFileAttribute.of("attend.java"))),
        "expected no attribute SourceFile");
    add(
        "has line numbers",
        body(code -> code.lineNumber(7)),
        "expected no attribute LineNumberTable");
    add(
        "is a record",
        with(builder -> builder.with(RecordAttribute.of())),
        "expected no attribute Record");
    add(
        "has too many locals",
        body(code -> code.iconst_0().istore(4_096)),
        "expected at most 4096 locals");
    add(
        "has too many operands",
        body(
            code -> {
              for (int i = 0; i < 257; i++) {
                code.iconst_0();
              }
            }),
        "and 256 operands, got");
  }
}
