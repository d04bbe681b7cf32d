package dev.kvasir.runtime.toy;

import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the toy model computes, said once more without pages, slots or kernels. */
public final class ToyModel {

  /** A token that makes a kernel throw. */
  public static final int POISON_TOKEN = 254;

  /** The token that ends a generation. */
  public static final int END_TOKEN = 3;

  /** Number of tokens. */
  public static final int VOCABULARY = 256;

  /** Elements of a key row. */
  public static final int KEY_DIM = 3;

  /** Elements of a value row, more than one tile. */
  public static final int VALUE_DIM = 70;

  /** Position of the ring's first row. */
  public static final int RING_FIRST = 4;

  /** Positions that the ring shows. */
  public static final int WINDOW = 100;

  /** Slots of a ring: its window in pages, and one that is open. */
  public static final int RING_SLOTS = 3;

  private ToyModel() {}

  /** Writes the model's files. */
  public static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"toy\"}");
    new SafetensorsWriter()
        .addFloats("bias", bias(), VOCABULARY)
        .write(folder.resolve("model.safetensors"));
    return folder;
  }

  /** {@return a small slope, which decides nothing but makes logits distinct} */
  static float[] bias() {
    float[] bias = new float[VOCABULARY];
    for (int v = 0; v < bias.length; v++) {
      bias[v] = v / 1024f;
    }
    return bias;
  }

  /** {@return element {@code column} of the key of {@code token}} */
  public static float key(int token, int column) {
    return (3 * token + column) % 128;
  }

  /** {@return element {@code column} of the value of {@code token}} */
  public static float value(int token, int column) {
    return (token + column) % 128;
  }

  /** {@return the token after {@code tokens}} */
  public static int next(int... tokens) {
    int sum = 0;
    for (int position = 0; position < tokens.length; position++) {
      sum += (3 * tokens[position]) % 128 * (position % 7 + 1);
    }
    int ringRows = Math.max(0, tokens.length - RING_FIRST);
    for (int row = Math.max(0, ringRows - WINDOW); row < ringRows; row++) {
      sum += (3 * tokens[row + RING_FIRST]) % 128 * (row % 5 + 1);
    }
    return sum % POISON_TOKEN;
  }

  /** {@return the logits after {@code tokens}} */
  public static float[] logits(int... tokens) {
    int target = next(tokens);
    float[] logits = bias();
    for (int v = 0; v < logits.length; v++) {
      logits[v] -= 2f * Math.abs(v - target);
    }
    return logits;
  }
}
