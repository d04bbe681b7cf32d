package dev.kvasir.runtime.backend;

import java.util.List;

/** The devices of a target on this machine, or why there is none. */
public sealed interface Devices {

  /**
   * There are some.
   *
   * @param devices at least one; the first is used where none is asked for
   */
  record Available(List<Device> devices) implements Devices {
    /** Copies the list. */
    public Available {
      devices = List.copyOf(devices);
      if (devices.isEmpty()) {
        throw new IllegalArgumentException("a target without devices is unavailable");
      }
    }
  }

  /**
   * There is none.
   *
   * @param reason the first thing that is missing and what to do about it, for people
   */
  record Unavailable(String reason) implements Devices {}
}
