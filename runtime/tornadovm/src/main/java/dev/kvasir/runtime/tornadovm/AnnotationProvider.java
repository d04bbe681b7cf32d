package dev.kvasir.runtime.tornadovm;

import jdk.vm.ci.meta.ResolvedJavaMethod;
import uk.ac.manchester.tornado.runtime.ASMClassVisitorProvider;
import uk.ac.manchester.tornado.runtime.common.ParallelAnnotationProvider;

/**
 * Tells TornadoVM that kernels have no annotated loops. TornadoVM's own provider reads class files
 * from the class path, where the kernels of a plan are not.
 */
public final class AnnotationProvider implements ASMClassVisitorProvider {

  private static final ParallelAnnotationProvider[] NONE = {};

  /** Called by TornadoVM, which is told this class's name when Java starts. */
  public AnnotationProvider() {}

  @Override
  public ParallelAnnotationProvider[] getParallelAnnotations(ResolvedJavaMethod method) {
    return NONE;
  }
}
