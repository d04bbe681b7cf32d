package dev.kvasir.runtime.toy;

/** What the toy model with packed segments computes, said once more without pages or codes. */
public final class PackedToyModel {

  /** Elements of a key row. */
  public static final int KEY_DIM = 16;

  /** Elements of a value row, more than one tile. */
  public static final int VALUE_DIM = 80;

  /** Position of the ring's first row. */
  public static final int RING_FIRST = 4;

  /** Positions that the ring shows. */
  public static final int WINDOW = 100;

  /** Closed pages of the ring: what the window can reach beside the open one. */
  public static final int RING_SLOTS = 2;

  static final int KEY_COLUMN = 5;
  static final int VALUE_COLUMN = 70;

  private PackedToyModel() {}

  /**
   * How a segment quantises keys or values.
   *
   * @param bits of a code
   * @param rows of a group
   * @param columns of a group
   */
  public record Grid(int bits, int rows, int columns) {

    /** {@return the code of an element, the same in all segments of so many bits} */
    public int code(int token, int column) {
      return (3 * token + column) % (bits == 8 ? 64 : 16);
    }

    /** {@return the step of the group of an element} */
    public float step(int row, int column) {
      return 1 + (row / rows + column / columns) % 2;
    }

    /** {@return the least value of the group of an element} */
    public float min(int row, int column) {
      return (row / rows + 3 * (column / columns)) % 4;
    }

    /** {@return an element} */
    public float value(int row, int column, int token) {
      return step(row, column) * code(token, column) + min(row, column);
    }
  }

  /** Keys of the segment with all rows. */
  public static final Grid FULL_KEY = new Grid(8, 32, 1);

  /** Values of the segment with all rows. */
  public static final Grid FULL_VALUE = new Grid(4, 1, 16);

  /** Keys of the ring. */
  public static final Grid RING_KEY = new Grid(4, 1, 16);

  /** Values of the ring. */
  public static final Grid RING_VALUE = new Grid(8, 1, 16);

  /** {@return the token after {@code tokens}} */
  public static int next(int... tokens) {
    int sum = 0;
    for (int row = 0; row < tokens.length; row++) {
      float both =
          FULL_KEY.value(row, KEY_COLUMN, tokens[row])
              + FULL_VALUE.value(row, VALUE_COLUMN, tokens[row]);
      sum += (int) (both * (row % 7 + 1));
    }
    int ringRows = Math.max(0, tokens.length - RING_FIRST);
    for (int row = Math.max(0, ringRows - WINDOW); row < ringRows; row++) {
      int token = tokens[row + RING_FIRST];
      float both =
          RING_KEY.value(row, KEY_COLUMN, token) + RING_VALUE.value(row, VALUE_COLUMN, token);
      sum += (int) (both * (row % 5 + 1));
    }
    return sum % ToyModel.POISON_TOKEN;
  }
}
