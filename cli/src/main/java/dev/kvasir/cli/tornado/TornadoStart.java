package dev.kvasir.cli.tornado;

import java.util.List;

/** Where work that needs TornadoVM is done. */
public sealed interface TornadoStart {

  /** Here: this Java virtual machine was started with TornadoVM. */
  record Here() implements TornadoStart {}

  /**
   * In a process of its own.
   *
   * @param command the words that start it
   */
  record Child(List<String> command) implements TornadoStart {
    /** Copies the list. */
    public Child {
      command = List.copyOf(command);
    }
  }

  /**
   * Nowhere.
   *
   * @param problem what is missing
   * @param remedy how to get it
   */
  record Missing(String problem, String remedy) implements TornadoStart {}
}
