package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.AttentionCase;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.benchmarks.suite.Statistics;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.PlanException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.backend.BackendProvider;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Measures works in interleaved rounds, each beside a copy in the same second. */
final class Stage {
  private static final List<Integer> COPY_WIDTHS = List.of(512, 1024, 2048);
  private static final double SECOND = 1e9;

  private final BackendProvider provider;
  private final LoadOptions options;
  private final Team team;
  private final int rounds;
  private final long copyBytes;
  private final int arithmeticPoints;

  /**
   * @param provider of the device
   * @param options choose it
   * @param rounds how often each work is timed
   * @param copyBytes of the buffer that is copied
   * @param arithmeticPoints work-groups that do arithmetic alone
   */
  Stage(
      BackendProvider provider,
      LoadOptions options,
      Team team,
      int rounds,
      long copyBytes,
      int arithmeticPoints) {
    this.provider = provider;
    this.options = options;
    this.team = team;
    this.rounds = rounds;
    this.copyBytes = copyBytes;
    this.arithmeticPoints = arithmeticPoints;
  }

  /** Works with what is known of them before they are measured. */
  private final class Cast implements AutoCloseable {
    private final NativeMemory memory = new NativeMemory();
    private final Map<DeviceWork, Measure> works = new LinkedHashMap<>();
    private final List<DeviceWork> copies = new ArrayList<>();
    private Optional<DeviceWork> arithmetic = Optional.empty();

    Cast() {
      MemorySegment source = CopyWork.source(memory, copyBytes);
      MemorySegment target = memory.bytes(copyBytes);
      COPY_WIDTHS.forEach(width -> copies.add(new CopyWork(width, source, target)));
    }

    List<DeviceWork> all() {
      List<DeviceWork> all = new ArrayList<>(copies);
      arithmetic.ifPresent(all::add);
      all.addAll(works.keySet());
      return all;
    }

    void add(DeviceWork work, String name, String format, int context, int batch) {
      works.put(
          work,
          new Measure(
              name,
              format,
              context,
              batch,
              work.bytes(),
              work.arithmetic(),
              List.of(),
              List.of(),
              List.of()));
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** {@return decode attention in each format} */
  List<Measure> decode(DecodeScene scene, List<GpuFormat> formats) throws PlanException {
    try (Cast cast = new Cast()) {
      for (GpuFormat format : formats) {
        cast.add(
            new DeviceDecode(
                scene.shape(format),
                format,
                scene.batch(),
                scene.layersOfRun(format),
                scene.layersInPool(format),
                cast.memory,
                team),
            "decode",
            format.text(),
            scene.context(),
            scene.batch());
      }
      return measure(cast);
    }
  }

  /** {@return attention of a prompt} */
  List<Measure> prefill(AttentionCase shape) throws PlanException {
    try (Cast cast = new Cast()) {
      cast.arithmetic = Optional.of(new ArithmeticWork(cast.memory, arithmeticPoints));
      cast.add(new DevicePrefill(shape, cast.memory), "prefill", "f32", shape.context(), 1);
      return measure(cast);
    }
  }

  private List<Measure> measure(Cast cast) throws PlanException {
    List<DeviceWork> all = cast.all();
    List<Kernel> kernels = all.stream().flatMap(work -> work.kernels().stream()).toList();
    try (DeviceKernels device = new DeviceKernels(provider, options, kernels)) {
      all.forEach(work -> work.prepare(device));
      for (DeviceWork work : all) {
        long start = System.nanoTime();
        work.nanos();
        work.check(device);
        work.nanos();
        System.out.printf(
            "%s is right, after %.1f s%n",
            work.kernels().getFirst().name(), (System.nanoTime() - start) / SECOND);
      }
      DeviceWork copy =
          cast.copies.stream().min(Comparator.comparingDouble(DeviceWork::nanos)).orElseThrow();
      for (int round = 0; round < rounds; round++) {
        for (DeviceWork work : cast.works.keySet()) {
          double copied = SECOND * copy.bytes() / copy.nanos();
          List<Double> calculated =
              cast.arithmetic.map(a -> SECOND * a.arithmetic() / a.nanos()).stream().toList();
          double nanos = work.nanos();
          cast.works.computeIfPresent(
              work, (unused, measure) -> measure.plus(nanos, copied, calculated));
        }
      }
      return List.copyOf(cast.works.values());
    } finally {
      // What TornadoVM keeps of a buffer on the host is large, and freed by the collector alone.
      System.gc();
    }
  }

  /**
   * {@return nanoseconds that a task more in a run takes, a task of seven buffers with nothing to
   * do, in each round: what the host and the driver take for it}
   */
  List<Double> tasks(DecodeScene scene) throws PlanException {
    GpuFormat format = GpuFormat.F16;
    try (NativeMemory memory = new NativeMemory()) {
      DeviceDecode work = new DeviceDecode(scene.shape(format), format, 1, 1, 1, memory, team);
      try (DeviceKernels device = new DeviceKernels(provider, options, work.kernels())) {
        int many = device.mostLaunches();
        DeviceKernels.Run one = device.prepare(List.of(work.nothing()));
        DeviceKernels.Run all = device.prepare(Collections.nCopies(many, work.nothing()));
        List<Double> nanos = new ArrayList<>();
        for (int round = 0; round < rounds + 1; round++) {
          double more = median(all) - median(one);
          // The first round compiles.
          if (round > 0) {
            nanos.add(more / (many - 1));
          }
        }
        return nanos;
      }
    }
  }

  private static double median(DeviceKernels.Run run) {
    List<Double> nanos = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      nanos.add((double) run.nanos());
    }
    return Statistics.of(nanos).median();
  }
}
