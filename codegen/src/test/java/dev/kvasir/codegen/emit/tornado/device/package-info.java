/**
 * A device in plain Java: runs emitted kernels by work-groups of threads that meet at barriers, and
 * finds what a real device would not report: races, accesses out of bounds, reads of local memory
 * that nothing wrote, and barriers that not all threads reach.
 *
 * <p>Threads take turns from barrier to barrier, so that every run is repeatable; a race is found
 * by what threads touch between two barriers, whatever the order. A local barrier orders local
 * memory alone and a global barrier buffers alone, as in OpenCL. Local arrays are plain Java arrays
 * in emitted code; their accesses are replaced by checked ones when the class is loaded.
 */
@NullMarked
package dev.kvasir.codegen.emit.tornado.device;

import org.jspecify.annotations.NullMarked;
