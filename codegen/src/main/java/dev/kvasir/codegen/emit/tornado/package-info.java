/**
 * The {@code tornado} target: kernels become class files over TornadoVM's {@code KernelContext} and
 * arrays, named only, so that plans compile where no TornadoVM is installed. TornadoVM compiles
 * them to OpenCL, PTX or CUDA C.
 *
 * <p>A grid point is a work-group of 128 threads. Each tile is one array in local memory. A
 * statement becomes one or more phases; in a phase every element is written by one thread: element
 * e of a pointwise phase or a copy by thread e mod 128, a contraction by a thread for each column
 * and block of rows, a reduction by a tree. Uniform integers live in registers, every thread
 * computes them. Barriers stand only between phases, where one thread touches what another wrote or
 * will overwrite, and only under uniform control.
 *
 * <p>What TornadoVM 5.2 miscompiles or refuses never appears: the kernel is one method, no local
 * array leaves it, there are no infinities, no {@code Math.fma}, no bit casts, no exceptions, no
 * static tables, no unsigned shifts and no divisions by powers of two, which become such shifts.
 * Every parameter and local has its entry in the local variable table, and what changes from step
 * to step is read from an {@code IntArray}, since scalars are compiled in. Compilers of the device
 * may assume that no NaN exists and may reorder sums and products, so a guarded contraction
 * branches around the load of a row that must not count.
 */
@NullMarked
package dev.kvasir.codegen.emit.tornado;

import org.jspecify.annotations.NullMarked;
