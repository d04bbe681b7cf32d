package dev.kvasir.plans.verify;

import static java.lang.classfile.Opcode.*;

import dev.kvasir.plans.PlanException;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads the code of one method; refuses every instruction that no kernel needs. */
final class CodeReader {

  private final String place;
  private final String self;
  private final String shared;
  private final Set<String> uses;
  private int at;

  /**
   * @param place where the method lies in the plan, for people
   * @param self internal name of its class
   * @param shared internal name of the class whose methods it may call as well
   * @param uses takes the lines of the allow-list that the method needs
   */
  CodeReader(String place, String self, String shared, Set<String> uses) {
    this.place = place;
    this.self = self;
    this.shared = shared;
    this.uses = uses;
  }

  /**
   * {@return the instructions in order}
   *
   * @throws PlanException when one of them is not allowed
   * @throws RuntimeException when the class file is malformed
   */
  List<CodeStep> read(CodeAttribute code) throws PlanException {
    List<CodeStep> steps = new ArrayList<>();
    for (CodeElement element : code) {
      if (element instanceof Instruction instruction) {
        steps.add(step(code, instruction));
        at += instruction.sizeInBytes();
      }
    }
    Refusal.require(
        at == code.codeLength(),
        place,
        "expected %d bytes of instructions, got %d".formatted(code.codeLength(), at));
    return steps;
  }

  private CodeStep step(CodeAttribute code, Instruction instruction) throws PlanException {
    return switch (instruction) {
      case ConstantInstruction constant -> constant(constant);
      case LoadInstruction load ->
          new CodeStep.Load(
              at, load.slot(), load.typeKind().slotSize(), load.typeKind() == TypeKind.INT);
      case StoreInstruction store ->
          new CodeStep.Store(
              at, store.slot(), store.typeKind().slotSize(), store.typeKind() == TypeKind.INT);
      case IncrementInstruction increment ->
          new CodeStep.Increment(at, increment.slot(), increment.constant());
      case OperatorInstruction operator -> operator(operator);
      case ConvertInstruction convert ->
          new CodeStep.Compute(at, convert.fromType().slotSize(), convert.toType().slotSize());
      case StackInstruction stack -> stack(stack);
      case ArrayLoadInstruction load -> arrayLoad(load);
      case ArrayStoreInstruction store -> arrayStore(store);
      case BranchInstruction branch -> branch(code, branch);
      case FieldInstruction field -> field(field);
      case InvokeInstruction call -> call(call);
      case TypeCheckInstruction check -> cast(check);
      case ReturnInstruction end when end.opcode() == RETURN -> new CodeStep.Return(at);
      default -> throw refused(instruction.opcode());
    };
  }

  private CodeStep constant(ConstantInstruction constant) throws PlanException {
    return switch (constant.constantValue()) {
      case Integer value -> new CodeStep.Push(at, 1, value);
      case Float _ -> new CodeStep.Push(at, 1, CodeStep.ANY);
      case Long _, Double _ -> new CodeStep.Push(at, 2, CodeStep.ANY);
      default -> throw problem("expected a number as constant, got " + constant.opcode().name());
    };
  }

  private CodeStep operator(OperatorInstruction operator) throws PlanException {
    return switch (operator.opcode()) {
      case INEG, FNEG -> new CodeStep.Compute(at, 1, 1);
      case IADD, ISUB, IMUL, IDIV, IREM, IAND, IOR, IXOR, ISHL, ISHR, IUSHR ->
          new CodeStep.Compute(at, 2, 1);
      case FADD, FSUB, FMUL, FDIV, FREM, FCMPL, FCMPG -> new CodeStep.Compute(at, 2, 1);
      case LNEG, DNEG -> new CodeStep.Compute(at, 2, 2);
      case LSHL, LSHR, LUSHR -> new CodeStep.Compute(at, 3, 2);
      case LADD, LSUB, LMUL, LDIV, LREM, LAND, LOR, LXOR -> new CodeStep.Compute(at, 4, 2);
      case DADD, DSUB, DMUL, DDIV, DREM -> new CodeStep.Compute(at, 4, 2);
      case LCMP, DCMPL, DCMPG -> new CodeStep.Compute(at, 4, 1);
      default -> throw refused(operator.opcode());
    };
  }

  private CodeStep stack(StackInstruction stack) throws PlanException {
    return switch (stack.opcode()) {
      case SWAP -> new CodeStep.Swap(at);
      case DUP -> new CodeStep.Duplicate(at);
      default -> throw refused(stack.opcode());
    };
  }

  private CodeStep arrayLoad(ArrayLoadInstruction load) throws PlanException {
    return switch (load.opcode()) {
      case IALOAD, FALOAD, AALOAD -> new CodeStep.Compute(at, 2, 1);
      default -> throw refused(load.opcode());
    };
  }

  private CodeStep arrayStore(ArrayStoreInstruction store) throws PlanException {
    return switch (store.opcode()) {
      // No store of references: the buffers of a launch stay as the runtime set them.
      case IASTORE, FASTORE -> new CodeStep.Compute(at, 3, 0);
      default -> throw refused(store.opcode());
    };
  }

  private CodeStep branch(CodeAttribute code, BranchInstruction branch) throws PlanException {
    int target = code.labelToBci(branch.target());
    Opcode opcode = branch.opcode();
    return switch (opcode) {
      case GOTO, GOTO_W -> new CodeStep.Jump(at, target, true, 0, false);
      case IFEQ, IFNE, IFLT, IFLE, IFGT, IFGE -> new CodeStep.Jump(at, target, false, 1, false);
      case IF_ICMPEQ, IF_ICMPNE, IF_ICMPLT, IF_ICMPLE, IF_ICMPGT, IF_ICMPGE ->
          new CodeStep.Jump(at, target, false, 2, opcode == IF_ICMPGE);
      default -> throw refused(opcode);
    };
  }

  private CodeStep field(FieldInstruction field) throws PlanException {
    MethodKey key =
        new MethodKey(
            field.owner().asInternalName(), field.name().stringValue(), field.type().stringValue());
    if (field.opcode() != GETSTATIC) {
      throw problem("expected no %s, got one of %s".formatted(name(field.opcode()), key));
    }
    uses.add(
        KernelAllowList.constant(key)
            .orElseThrow(
                () -> problem("expected a constant of the allow-list, got %s".formatted(key))));
    return new CodeStep.Push(at, 1, CodeStep.ANY);
  }

  private CodeStep call(InvokeInstruction call) throws PlanException {
    MethodKey key =
        new MethodKey(
            call.owner().asInternalName(), call.name().stringValue(), call.type().stringValue());
    boolean ofAnInterface = call.isInterface();
    String kind =
        switch (call.opcode()) {
          case INVOKESTATIC -> "static";
          case INVOKEVIRTUAL -> "virtual";
          case INVOKEINTERFACE -> "interface";
          default ->
              throw problem("expected no %s, got one of %s".formatted(name(call.opcode()), key));
        };
    if (ofAnInterface != kind.equals("interface")) {
      throw problem("expected a call of the allow-list, got %s of an interface".formatted(key));
    }
    MethodTypeDesc type = call.typeSymbol();
    int pops = 0;
    for (ClassDesc parameter : type.parameterList()) {
      pops += TypeKind.from(parameter).slotSize();
    }
    if (key.owner().equals(self) || key.owner().equals(shared)) {
      if (!kind.equals("static")) {
        throw problem("expected a static call, got invoke%s of %s".formatted(kind, key));
      }
      return new CodeStep.Call(at, key, pops);
    }
    uses.add(
        KernelAllowList.call(kind, key)
            .orElseThrow(
                () -> problem("expected a call of the allow-list, got %s".formatted(key))));
    int receiver = kind.equals("static") ? 0 : 1;
    return new CodeStep.Compute(at, pops + receiver, TypeKind.from(type.returnType()).slotSize());
  }

  private CodeStep cast(TypeCheckInstruction check) throws PlanException {
    if (check.opcode() != CHECKCAST) {
      throw refused(check.opcode());
    }
    String type = check.type().asInternalName();
    uses.add(
        KernelAllowList.cast(type)
            .orElseThrow(() -> problem("expected a cast of the allow-list, got one to " + type)));
    return new CodeStep.Compute(at, 1, 1);
  }

  private PlanException refused(Opcode opcode) {
    return problem("expected no %s, got one".formatted(name(opcode)));
  }

  private PlanException problem(String problem) {
    return Refusal.of(KernelMethod.place(place, at), problem);
  }

  private static String name(Opcode opcode) {
    return opcode.name().toLowerCase(Locale.ROOT);
  }
}
