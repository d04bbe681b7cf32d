/**
 * Where kernels run. A back end turns the kernels of a plan into launches; it knows buffers, grids
 * and working storage, and neither caches nor tokens.
 */
@NullMarked
package dev.kvasir.runtime.backend;

import org.jspecify.annotations.NullMarked;
