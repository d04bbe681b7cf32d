/**
 * Shows that the kernel classes of a {@code jvm} plan can do nothing but compute on what they are
 * given, before any of them is defined.
 *
 * <p>{@link dev.kvasir.plans.verify.KernelClassVerifier} reads the classes with the Class-File API
 * and accepts only what the compiler writes: static methods over the operand stack, calls and
 * constants of {@link dev.kvasir.plans.verify.KernelAllowList}, calls of each other that form no
 * cycle, and loops that count to a limit. The Java virtual machine's own verifier, which runs when
 * the classes are linked, shows that types fit; both together leave a class nothing to reach but
 * its arguments.
 *
 * <h2>Why every kernel ends</h2>
 *
 * <p>A jump backwards is accepted only as the last instruction of
 *
 * <pre>{@code
 * top:  iload variable; iload limit; if_icmpge end
 *       ...
 *       iinc variable, step; goto top
 * end:
 * }</pre>
 *
 * <p>with a positive step, where nothing else between top and end stores to the variable or the
 * limit, nothing jumps to the {@code goto} itself, and any two such stretches of code are nested or
 * apart. Take an execution that never ends. It takes some jumps backwards without end; of these
 * take the one whose top is lowest. From some moment on nothing leads below that top, and nothing
 * that lies beyond its end leads back into it, so that between two of its turns execution stays
 * within it, where the variable only grows and the limit stays. That ends, unless the variable
 * overflows. It cannot where the step is 1, for it is below the limit when it grows. A larger step
 * needs a limit that is at most the largest integer less step - 1: the verifier follows integer
 * constants through locals, and from call to called method, to an upper bound of every limit.
 *
 * <p>An end is not a time: loops within loops can take longer than anyone waits.
 */
@NullMarked
package dev.kvasir.plans.verify;

import org.jspecify.annotations.NullMarked;
