package dev.kvasir.plans;

import static dev.kvasir.plans.HostileClasses.BITS;
import static dev.kvasir.plans.HostileClasses.OPEN;
import static dev.kvasir.plans.HostileClasses.OWN;
import static dev.kvasir.plans.HostileClasses.RUN;
import static dev.kvasir.plans.HostileClasses.body;
import static dev.kvasir.plans.HostileClasses.loop;
import static dev.kvasir.plans.HostileClasses.self;
import static dev.kvasir.plans.HostileClasses.shared;
import static dev.kvasir.plans.HostileClasses.sharedWith;
import static dev.kvasir.plans.HostileClasses.with;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Kernel classes that may not end, or that overflow the stack. */
final class HostileLoopCases {

  private static final MethodTypeDesc ONE_INT = MethodTypeDesc.of(CD_void, CD_int);
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(CD_void);

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileLoopCases() {}

  static List<HostileCase> all() {
    HostileLoopCases all = new HostileLoopCases();
    all.addLoops();
    all.addCallGraphs();
    return all.cases;
  }

  private static void argument(CodeBuilder code) {
    code.iload(4);
  }

  private void add(String name, byte[] attend, String problem) {
    add(name, Map.of("attend", attend), problem);
  }

  private void add(String name, Map<String, byte[]> kernels, String problem) {
    cases.add(HostileCase.kernels(name, kernels, problem));
  }

  private void addLoops() {
    add(
        "jumps to itself",
        body(
            code -> {
              Label top = code.newLabel();
              code.labelBinding(top).goto_(top);
            }),
        "expected no jump to the jump that ends a loop");
    add(
        "loops without a test",
        body(
            code -> {
              Label top = code.newLabel();
              code.iconst_0()
                  .istore(10)
                  .labelBinding(top)
                  .iload(10)
                  .istore(11)
                  .iinc(10, 1)
                  .goto_(top);
            }),
        "expected a loop that counts up to a limit");
    add(
        "counts down to a limit above",
        loop(HostileLoopCases::argument, -1, code -> {}),
        "expected a loop that counts up to a limit");
    add(
        "does not count",
        loop(HostileLoopCases::argument, 0, code -> {}),
        "expected a loop that counts up to a limit");
    add(
        "sets its variable back",
        loop(HostileLoopCases::argument, 1, code -> code.iconst_0().istore(10)),
        "expected no other change of what a loop counts by");
    add(
        "sets its variable back by half",
        loop(HostileLoopCases::argument, 1, code -> code.lconst_0().lstore(9)),
        "expected no other change of what a loop counts by");
    add(
        "counts its variable back",
        loop(HostileLoopCases::argument, 1, code -> code.iinc(10, -1)),
        "expected no other change of what a loop counts by");
    add(
        "moves its limit",
        loop(HostileLoopCases::argument, 1, code -> code.iinc(11, 1)),
        "expected no other change of what a loop counts by");
    add(
        "is its own limit",
        body(
            code -> {
              Label top = code.newLabel();
              Label end = code.newLabel();
              code.iconst_0()
                  .istore(10)
                  .labelBinding(top)
                  .iload(10)
                  .iload(10)
                  .if_icmpge(end)
                  .iinc(10, 1)
                  .goto_(top)
                  .labelBinding(end);
            }),
        "expected a limit that is a local or a constant");
    add(
        "skips its step",
        body(
            code -> {
              Label top = code.newLabel();
              Label back = code.newLabel();
              Label end = code.newLabel();
              code.iconst_0()
                  .istore(10)
                  .labelBinding(top)
                  .iload(10)
                  .iload(4)
                  .if_icmpge(end)
                  .iload(5)
                  .ifeq(back)
                  .iinc(10, 1)
                  .labelBinding(back)
                  .goto_(top)
                  .labelBinding(end);
            }),
        "expected no jump to the jump that ends a loop");
    add(
        "jumps back on a condition",
        body(
            code -> {
              Label top = code.newLabel();
              code.labelBinding(top).iload(4).ifeq(top);
            }),
        "expected a loop that counts up to a limit");
    add(
        "steps over any limit",
        loop(HostileLoopCases::argument, 2, code -> {}),
        "expected a limit that is known to be at most 2147483646 for a step of 2");
    add(
        "steps over the largest limit",
        loop(code -> code.loadConstant(Integer.MAX_VALUE), 16, code -> {}),
        "expected a limit that is known to be at most 2147483632 for a step of 16");
    add(
        "has a limit that is set twice",
        body(
            code -> {
              code.iload(4).istore(11);
              loop(code, block -> block.iconst_5(), 16, block -> {});
            }),
        "expected a limit that is known");
    add(
        "is two loops that overlap",
        body(
            code -> {
              Label first = code.newLabel();
              Label second = code.newLabel();
              Label end = code.newLabel();
              code.iconst_0().istore(10).iconst_0().istore(11);
              code.labelBinding(first).iload(10).iload(4).if_icmpge(end);
              code.labelBinding(second).iload(11).iload(4).if_icmpge(end);
              code.iinc(10, 1).goto_(first).iinc(11, 1).goto_(second).labelBinding(end);
            }),
        "expected loops that are nested or apart");
    add(
        "has a loop with two ways back",
        body(
            code -> {
              Label top = code.newLabel();
              Label other = code.newLabel();
              Label end = code.newLabel();
              code.iconst_0().istore(10).labelBinding(top).iload(10).iload(4).if_icmpge(end);
              code.iload(5).ifeq(other).iinc(10, 1).goto_(top).labelBinding(other);
              code.iinc(10, 1).goto_(top).labelBinding(end);
            }),
        "expected one jump to the start of a loop, got two");
    add(
        "nests loops without end",
        body(
            code -> {
              List<Label> tops = new ArrayList<>();
              Label end = code.newLabel();
              for (int i = 0; i < 17; i++) {
                Label top = code.newLabel();
                tops.add(top);
                code.labelBinding(top).iload(10 + i).iload(4).if_icmpge(end);
              }
              for (int i = 16; i >= 0; i--) {
                code.iinc(10 + i, 1).goto_(tops.get(i));
              }
              code.labelBinding(end);
            }),
        "expected at most 16 nested loops");
    byte[] steps =
        sharedWith(
            builder ->
                builder.withMethodBody(
                    "phase",
                    ONE_INT,
                    OPEN,
                    code -> {
                      loop(code, block -> block.iload(0), 8, block -> {});
                      code.return_();
                    }));
    add(
        "gives a shared phase a limit that it steps over",
        Map.of(
            "attend",
            body(
                code ->
                    code.iconst_5()
                        .invokestatic(shared(), "phase", ONE_INT)
                        .iload(4)
                        .invokestatic(shared(), "phase", ONE_INT)),
            JvmKernelAbi.SHARED,
            steps),
        "shared_phases.class, method phase, byte");
  }

  private void addCallGraphs() {
    add(
        "calls itself",
        body(
            code ->
                code.aload(0)
                    .aload(1)
                    .aload(2)
                    .aload(3)
                    .iload(4)
                    .iload(5)
                    .iload(6)
                    .invokestatic(self("attend", BITS), "run", RUN)),
        "expected calls without a cycle");
    add(
        "calls in a circle",
        with(
            builder -> {
              for (int i = 0; i < 3; i++) {
                String next = "phase_" + (i + 1) % 3;
                builder.withMethodBody(
                    "phase_" + i,
                    NOTHING,
                    OWN,
                    code -> code.invokestatic(self("attend", BITS), next, NOTHING).return_());
              }
            }),
        "expected calls without a cycle");
    add(
        "has phases that call in a circle",
        Map.of(
            JvmKernelAbi.SHARED,
            sharedWith(
                builder ->
                    builder
                        .withMethodBody(
                            "a",
                            NOTHING,
                            OPEN,
                            code -> code.invokestatic(shared(), "b", NOTHING).return_())
                        .withMethodBody(
                            "b",
                            NOTHING,
                            OPEN,
                            code -> code.invokestatic(shared(), "a", NOTHING).return_()))),
        "expected calls without a cycle");
    add(
        "calls too deeply",
        with(
            builder -> {
              for (int i = 0; i < 9; i++) {
                String next = "phase_" + (i + 1);
                boolean last = i == 8;
                builder.withMethodBody(
                    "phase_" + i,
                    NOTHING,
                    OWN,
                    code -> {
                      if (!last) {
                        code.invokestatic(self("attend", BITS), next, NOTHING);
                      }
                      code.return_();
                    });
              }
            }),
        "expected at most 8 methods that call each other");
    add(
        "calls a phase that is not there",
        body(code -> code.invokestatic(shared(), "phase", NOTHING)),
        "expected a method of the plan, got dev.kvasir.kernels.v256.shared_phases.phase()V");
    add(
        "calls a private phase",
        Map.of(
            "attend",
            body(code -> code.invokestatic(shared(), "phase", NOTHING)),
            JvmKernelAbi.SHARED,
            sharedWith(
                builder -> builder.withMethodBody("phase", NOTHING, OWN, CodeBuilder::return_))),
        "expected a public method");
    add(
        "calls its own method as a virtual one",
        body(code -> code.aload(0).invokevirtual(self("attend", BITS), "run", NOTHING)),
        "expected a static call");
    add(
        "has phases that call a kernel",
        Map.of(
            JvmKernelAbi.SHARED,
            sharedWith(
                builder ->
                    builder.withMethodBody(
                        "phase",
                        NOTHING,
                        OPEN,
                        code ->
                            code.invokestatic(self("attend", BITS), "run", NOTHING).return_()))),
        "expected a class of the allow-list, got dev.kvasir.kernels.v256.attend");
  }
}
