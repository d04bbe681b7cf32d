package dev.kvasir.cli;

import java.io.IOException;

/** A verb that may run kernels on TornadoVM. */
interface TornadoVerb {

  /** What a verb's work is without TornadoVM. */
  enum Use {
    /** The same. */
    NONE,
    /** Less, and the verb says what is missing. */
    IF_THERE,
    /** Not possible. */
    REQUIRED
  }

  /**
   * {@return what the options and files of the command line ask for}
   *
   * @throws IOException when a file cannot be read
   */
  Use tornado() throws IOException;

  /** {@return what asks for TornadoVM, for errors: a plan or an option} */
  String tornadoPlace();
}
