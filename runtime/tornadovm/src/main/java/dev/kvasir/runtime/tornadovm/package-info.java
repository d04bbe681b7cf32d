/**
 * Runs plans of target {@code tornado} on the devices of TornadoVM, which compiles their kernels to
 * OpenCL or PTX.
 *
 * <p>A session's weights, cache and working storage lie on the device from its first launch to its
 * end. Of a step, the host writes token and page tables that changed, and one array of integers for
 * each group of launches; it reads the logits and the next token.
 *
 * <p>TornadoVM must be there when Java starts: with the argfile of its SDK, {@code
 * -Dtornado.recover.bailout=False}, since it would otherwise answer a kernel that fails with wrong
 * results, and {@code
 * -Dtornado.load.annotation.implementation=dev.kvasir.runtime.tornadovm.AnnotationProvider}, since
 * it would otherwise look for kernels on the class path alone.
 */
@NullMarked
package dev.kvasir.runtime.tornadovm;

import org.jspecify.annotations.NullMarked;
