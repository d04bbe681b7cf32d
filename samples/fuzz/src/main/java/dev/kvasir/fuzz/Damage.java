package dev.kvasir.fuzz;

import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.PlanReader;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * Damage that comes from copying and storing: a file that ends too early, a bit that is not what it
 * was. A plan has none of it unnoticed.
 */
final class Damage {

  private static final Set<Reason> DAMAGED =
      EnumSet.of(Reason.NOT_A_PLAN, Reason.CORRUPT, Reason.TOO_LARGE);

  private final byte[] sound;

  Damage(byte[] sound) {
    this.sound = sound.clone();
  }

  /** {@return how many bits there are to flip} */
  long bits() {
    return (long) sound.length * Byte.SIZE;
  }

  /** {@return how many lengths there are to cut to} */
  int lengths() {
    return sound.length;
  }

  /**
   * Reads the plan with one bit flipped.
   *
   * @throws AssertionError when it is not refused as damaged
   */
  void flip(long bit) {
    byte mask = (byte) (1 << bit % Byte.SIZE);
    int at = (int) (bit / Byte.SIZE);
    sound[at] ^= mask;
    require(sound, "bit " + bit);
    sound[at] ^= mask;
  }

  /**
   * Reads the first {@code length} bytes of the plan.
   *
   * @throws AssertionError when they are not refused as damaged
   */
  void cut(int length) {
    require(Arrays.copyOf(sound, length), "length " + length);
  }

  private static void require(byte[] bytes, String what) {
    try {
      PlanReader.read("damaged.kvplan", bytes);
    } catch (PlanException e) {
      if (DAMAGED.contains(e.reason())) {
        return;
      }
      throw new AssertionError(what + ": expected damage, got " + e.getMessage(), e);
    } catch (Throwable e) {
      throw new AssertionError(what + ": expected a declared error, got " + e, e);
    }
    throw new AssertionError(what + ": the damage was not noticed");
  }
}
