package dev.kvasir.codegen.emit.tornado;

import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where a method reads its locals, and where its labels are, both by number of instruction. */
record MethodPositions(List<Use> uses, Map<Label, Integer> labels) {

  /** A read of a local. */
  record Use(int slot, int position) {}

  static MethodPositions of(CodeModel code) {
    List<Use> uses = new ArrayList<>();
    Map<Label, Integer> labels = new HashMap<>();
    int position = 0;
    for (CodeElement element : code) {
      switch (element) {
        case LabelTarget target -> labels.put(target.label(), position);
        case LoadInstruction load -> uses.add(new Use(load.slot(), position));
        case IncrementInstruction increment -> uses.add(new Use(increment.slot(), position));
        default -> {}
      }
      if (element instanceof Instruction) {
        position++;
      }
    }
    return new MethodPositions(uses, labels);
  }

  boolean covers(LocalVariable local, int position) {
    return labels.getOrDefault(local.startScope(), Integer.MAX_VALUE) <= position
        && position < labels.getOrDefault(local.endScope(), 0);
  }
}
