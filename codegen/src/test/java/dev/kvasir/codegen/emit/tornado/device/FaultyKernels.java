package dev.kvasir.codegen.emit.tornado.device;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels for 32 threads, each with one fault; {@code data} has 100 elements. */
public final class FaultyKernels {

  private static final int THREADS = 32;

  private FaultyKernels() {}

  /** No fault: reverses the elements of each group. */
  public static void reversed(KernelContext context, FloatArray data) {
    int thread = context.localIdx;
    int place = context.groupIdx * THREADS + thread;
    float[] local = context.allocateFloatLocalArray(THREADS);
    local[thread] = data.get(place);
    context.localBarrier();
    data.set(place, local[THREADS - 1 - thread]);
  }

  public static void localRace(KernelContext context, FloatArray data) {
    int thread = context.localIdx;
    int[] local = context.allocateIntLocalArray(THREADS);
    local[thread] = thread;
    context.localBarrier();
    local[thread] = thread + 1;
    data.set(thread, local[(thread + 1) % THREADS]);
  }

  public static void localOverwrite(KernelContext context, FloatArray data) {
    float[] local = context.allocateFloatLocalArray(THREADS);
    local[context.localIdx / 2] = data.get(context.localIdx);
  }

  public static void localRaceBehindGlobalBarrier(KernelContext context, FloatArray data) {
    int thread = context.localIdx;
    float[] local = context.allocateFloatLocalArray(THREADS);
    local[thread] = data.get(thread);
    context.globalBarrier();
    data.set(thread, local[0]);
  }

  public static void globalRace(KernelContext context, FloatArray data) {
    data.set(context.localIdx, data.get(context.localIdx + 1));
  }

  public static void globalRaceBehindLocalBarrier(KernelContext context, FloatArray data) {
    float value = data.get(context.localIdx + 1);
    context.localBarrier();
    data.set(context.localIdx, value);
  }

  public static void unwrittenLocal(KernelContext context, FloatArray data) {
    float[] local = context.allocateFloatLocalArray(THREADS);
    data.set(context.localIdx, local[context.localIdx]);
  }

  public static void localOutOfBounds(KernelContext context, FloatArray data) {
    float[] local = context.allocateFloatLocalArray(THREADS);
    local[context.localIdx + 1] = data.get(context.localIdx);
  }

  public static void globalOutOfBounds(KernelContext context, FloatArray data) {
    data.set(context.localIdx * 4, 0);
  }

  public static void missedBarrier(KernelContext context, FloatArray data) {
    if (context.localIdx != 7) {
      context.localBarrier();
    }
    data.set(context.localIdx, 0);
  }

  public static void differentBarriers(KernelContext context, FloatArray data) {
    if (context.localIdx < 7) {
      context.localBarrier();
    } else {
      context.globalBarrier();
    }
    data.set(context.localIdx, 0);
  }

  public static void differentArrays(KernelContext context, FloatArray data) {
    float[] local = context.allocateFloatLocalArray(THREADS + context.localIdx % 2);
    local[context.localIdx] = 0;
    data.set(context.localIdx, 0);
  }

  public static void groupsWriteOne(KernelContext context, FloatArray data) {
    data.set(context.localIdx + context.groupIdx, 0);
  }

  public static void groupsReadWhatOneWrote(KernelContext context, FloatArray data) {
    if (context.groupIdx == 0) {
      data.set(context.localIdx, 0);
    } else if (context.localIdx == 0) {
      data.set(THREADS, data.get(5));
    }
  }
}
