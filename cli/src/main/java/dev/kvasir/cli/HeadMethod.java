package dev.kvasir.cli;

import dev.kvasir.codegen.calibration.CalibrationMethod;

/** The ways of {@code calibrate heads} to measure. */
enum HeadMethod {
  INDUCTION(CalibrationMethod.INDUCTION),
  ABLATION(CalibrationMethod.ABLATION);

  private final CalibrationMethod method;

  HeadMethod(CalibrationMethod method) {
    this.method = method;
  }

  /** {@return the method of the file} */
  CalibrationMethod method() {
    return method;
  }

  @Override
  public String toString() {
    return method.word();
  }

  /** Reads and lists the words. */
  static final class Converter extends NameConverter<HeadMethod> {
    Converter() {
      super(values());
    }
  }
}
