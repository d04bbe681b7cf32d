package dev.kvasir.benchmarks.gpu;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What PyTorch measured on the same device.
 *
 * @param absent why it measured nothing; empty where it did
 * @param version of PyTorch and its device
 * @param copied bytes that its copy read and wrote in a second
 * @param cases its measurements
 */
record Peer(String absent, String version, double copied, List<PeerCase> cases) {

  /**
   * One measurement, over a full cache.
   *
   * @param work {@code decode} or {@code prefill}
   * @param format of queries, keys and values
   * @param context rows of a sequence
   * @param batch sequences
   * @param nanos time in each round
   */
  record PeerCase(String work, String format, int context, int batch, List<Double> nanos) {}

  /** {@return no measurements, and why} */
  static Peer absent(String reason) {
    return new Peer(reason, "", 0, List.of());
  }

  /** {@return the measurements in a file} */
  static Peer read(Path file) throws IOException {
    return JsonMapper.builder().build().readValue(file.toFile(), Peer.class);
  }

  /** {@return what it measured of the work of a case in f16} */
  Optional<PeerCase> of(Measure measure) {
    return cases.stream()
        .filter(each -> measure.sameWork(each.work(), each.context(), each.batch()))
        .findFirst();
  }
}
