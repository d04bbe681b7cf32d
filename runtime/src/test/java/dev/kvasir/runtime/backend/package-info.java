/** Tests of the back end that runs kernels in this Java virtual machine. */
@NullMarked
package dev.kvasir.runtime.backend;

import org.jspecify.annotations.NullMarked;
