package dev.kvasir.runtime.toy;

import java.util.ArrayList;
import java.util.List;

/**
 * What the toy model with chosen rows computes, said once more without pages or lists of numbers.
 */
public final class ChosenToyModel {

  /** Heads of its layer. */
  public static final int HEADS = 2;

  /** Tokens after which rows are chosen again. */
  public static final int TAIL = 100;

  /** Elements of a key row and of a value row. */
  public static final int DIM = 16;

  private final List<List<Row>> kept = new ArrayList<>();
  private final List<Row> tail = new ArrayList<>();
  private final boolean accumulates;
  private int tokens;
  private int total;

  /**
   * A row of every head.
   *
   * @param position its true position
   * @param token what was read there
   */
  public record Row(int position, int token) {

    /** {@return an element of the key} */
    public int key(int head, int column) {
      return ((token + 7 * head) % 128 + column) % 128;
    }

    /** {@return an element of the value} */
    public int value(int head, int column) {
      return ((3 * token + head) % 128 + column) % 128;
    }
  }

  /**
   * @param accumulates whether the sum of all tokens counts as well
   */
  public ChosenToyModel(boolean accumulates) {
    this.accumulates = accumulates;
    for (int head = 0; head < HEADS; head++) {
      kept.add(new ArrayList<>());
    }
  }

  /** {@return a model that has read the same} */
  public ChosenToyModel copy() {
    ChosenToyModel copy = new ChosenToyModel(accumulates);
    for (int head = 0; head < HEADS; head++) {
      copy.kept.get(head).addAll(kept.get(head));
    }
    copy.tail.addAll(tail);
    copy.tokens = tokens;
    copy.total = total;
    return copy;
  }

  /** {@return the rows that a head keeps at most when they are chosen from so many tokens} */
  public static int room(int tokens) {
    return Math.min(Math.min(tokens, 150), Math.max(tokens * 3 / 4, 40));
  }

  /** Reads a span of a prompt. {@return the token after it} */
  public int prefill(int... span) {
    List<Row> rows = new ArrayList<>();
    for (int token : span) {
      rows.add(new Row(tokens + rows.size(), token));
      total += accumulates ? token : 0;
    }
    tokens += span.length;
    tail.addAll(rows);
    int next = next();
    choose();
    return next;
  }

  /** Reads one generated token. {@return the token after it} */
  public int step(int token) {
    tail.add(new Row(tokens, token));
    tokens++;
    total += accumulates ? token : 0;
    int next = next();
    if (tail.size() == TAIL) {
      choose();
    }
    return next;
  }

  private int next() {
    int sum = total;
    for (int head = 0; head < HEADS; head++) {
      for (Row row : candidates(head)) {
        sum += row.key(head, 0) * (row.position % 7 + 1);
        sum += row.value(head, 0) * (row.position % 5 + 1);
      }
    }
    return sum % ToyModel.POISON_TOKEN;
  }

  private List<Row> candidates(int head) {
    List<Row> candidates = new ArrayList<>(kept.get(head));
    candidates.addAll(tail);
    return candidates;
  }

  private void choose() {
    for (int head = 0; head < HEADS; head++) {
      int of = head;
      List<Row> good = candidates(head).stream().filter(row -> row.key(of, 0) % 3 != of).toList();
      int from = Math.max(0, good.size() - room(tokens));
      kept.set(head, new ArrayList<>(good.subList(from, good.size())));
    }
    tail.clear();
  }

  /** {@return the true tokens} */
  public int tokens() {
    return tokens;
  }

  /** {@return the tokens when rows were last chosen} */
  public int mark() {
    return tokens - tail.size();
  }

  /** {@return the chosen rows of a head} */
  public List<Row> kept(int head) {
    return List.copyOf(kept.get(head));
  }

  /** {@return the rows since then} */
  public List<Row> tail() {
    return List.copyOf(tail);
  }
}
