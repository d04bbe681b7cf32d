/**
 * Kernels of plans for TornadoVM, and steps of a whole model, timed on a GPU. What a kernel
 * computes is compared with the definition before it is timed, over the very cache it is timed
 * with; beside each timing stands what a copy through the same back end read and wrote in the same
 * second. A script beside the module makes a folder that runs on a machine without Java.
 */
@NullMarked
package dev.kvasir.benchmarks.gpu;

import org.jspecify.annotations.NullMarked;
