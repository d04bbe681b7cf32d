package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Target;

/** Targets by the names that people write. */
enum TargetName {
  JVM(Target.jvm()),
  TORNADO(Target.tornado());

  private final Target target;

  TargetName(Target target) {
    this.target = target;
  }

  /** {@return what plans are compiled for} */
  Target target() {
    return target;
  }

  /** {@return the name in options and plans} */
  @Override
  public String toString() {
    return target.name();
  }

  /** Reads the name of a target, and lists these for help and completion. */
  static final class Converter extends NameConverter<TargetName> {
    Converter() {
      super(values());
    }
  }
}
