package dev.kvasir.codegen.emit.tornado;

/** Shares the places of a tile among the threads: element e belongs to thread e mod 128. */
final class Places {

  /** What happens at one place; each argument pushes an int. */
  interface Body {
    void write(Runnable element, Runnable row, Runnable column);
  }

  private final KernelMethod method;

  Places(KernelMethod method) {
    this.method = method;
  }

  /** Writes the body for every place of {@code rows x columns} that is this thread's. */
  void share(int rows, int columns, Body body) {
    MethodWriter writer = method.writer();
    method.share(
        rows * columns,
        element -> {
          Runnable zero = () -> writer.push(0);
          Runnable whole = () -> writer.push(element);
          if (rows == 1) {
            body.write(whole, zero, whole);
          } else if (columns == 1) {
            body.write(whole, whole, zero);
          } else {
            writer.enter();
            Local row = writer.push(element).dividedBy(columns).declareInt("row");
            Local column = writer.push(element).remainderOf(columns).declareInt("column");
            body.write(whole, () -> writer.push(row), () -> writer.push(column));
            writer.exit();
          }
        });
  }
}
