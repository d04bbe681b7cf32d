package dev.kvasir.runtime.tornadovm;

import java.util.Optional;

/**
 * How Java must have been started for TornadoVM to run kernels of plans. Nothing here touches a
 * class of TornadoVM, which may be absent.
 */
final class Setup {

  /** What TornadoVM must be told about itself when Java starts; its argfile does. */
  private static final String IMPLEMENTATION = "tornado.load.api.implementation";

  private static final String RECOVER = "tornado.recover.bailout";
  private static final String ANNOTATIONS = "tornado.load.annotation.implementation";
  private static final String API = "uk.ac.manchester.tornado.api.TornadoTaskGraphInterface";

  // Named and not referred to: its class file refers to classes of TornadoVM.
  private static final String PROVIDER = "dev.kvasir.runtime.tornadovm.AnnotationProvider";

  private Setup() {}

  /** {@return the first thing that is missing, and what to do about it} */
  static Optional<String> missing() {
    if (System.getProperty(IMPLEMENTATION) == null || !isPresent()) {
      return Optional.of(
          "Java was started without TornadoVM; start it with java @$TORNADOVM_HOME/tornado-argfile"
              + required(RECOVER, "False")
              + required(ANNOTATIONS, PROVIDER)
              + ", as the command kvasir does where it finds a TornadoVM SDK");
    }
    if (!"false".equalsIgnoreCase(System.getProperty(RECOVER))) {
      return Optional.of(
          "TornadoVM would replace a kernel that fails by wrong results; start Java with"
              + required(RECOVER, "False"));
    }
    if (!PROVIDER.equals(System.getProperty(ANNOTATIONS))) {
      return Optional.of(
          "TornadoVM cannot see the kernels of a plan; start Java with"
              + required(ANNOTATIONS, PROVIDER));
    }
    return Optional.empty();
  }

  private static String required(String property, String value) {
    return " -D%s=%s".formatted(property, value);
  }

  private static boolean isPresent() {
    try {
      Class.forName(API, false, Setup.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
