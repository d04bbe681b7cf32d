package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SkeletonCases.compensated;
import static dev.kvasir.codegen.emit.tornado.SkeletonCases.dense;
import static dev.kvasir.codegen.emit.tornado.SkeletonCases.packing;
import static dev.kvasir.codegen.emit.tornado.SkeletonCases.ring;
import static dev.kvasir.codegen.emit.tornado.SkeletonCases.shape;
import static dev.kvasir.codegen.emit.tornado.SkeletonCases.sink;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernels around a compressed cache do on the device what they do in the interpreter. */
final class TornadoSkeletonsTest {

  private static final ElementFormat HALF = ElementFormat.F16;

  private final long seed = new Random().nextLong();
  private final SkeletonCases cases = new SkeletonCases(seed);

  private void agree(KernelCase launch) {
    new TwinRun(launch.kernel())
        .memories(launch.memories())
        .agree(
            "seed %d, %s".formatted(seed, launch.text()),
            Device.of(seed),
            launch.dims(),
            launch.grid());
  }

  @ParameterizedTest
  @CsvSource({"1, 32", "2, 64", "3, 96", "4, 128", "8, 32", "4, 80"})
  void attendsHalves(int group, int dim) {
    agree(cases.decode(shape(group, 2, dim, dense(HALF)), 2, 207, 64));
    agree(cases.decode(shape(group, 1, dim, sink(HALF), ring(HALF, 64)), 1, 207, 13));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 63, 64, 65, 207})
  void attendsAnyNumberOfPackedRows(int tokens) {
    CacheSegment codes = dense(HALF).withPacking(packing(8, true, 64, 4, 32));
    agree(cases.decode(shape(2, 1, 32, codes), 2, tokens, 100));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 32, 8, true, 64, 8, 32",
    "2, 64, 4, true, 32, 4, 32",
    "3, 96, 8, true, 64, 4, 32",
    "4, 128, 8, true, 64, 8, 32",
    "8, 64, 4, false, 32, 4, 64",
    "2, 64, 8, false, 16, 8, 16",
    "1, 80, 4, true, 16, 4, 16",
    "4, 128, 4, false, 128, 4, 128"
  })
  void attendsPackedPages(
      int group, int dim, int keyBits, boolean byChannel, int keyGroup, int bits, int values) {
    Packing packing = packing(keyBits, byChannel, keyGroup, bits, values);
    agree(cases.decode(shape(group, 1, dim, dense(HALF).withPacking(packing)), 3, 207));
    AttentionShape streaming =
        shape(group, 1, dim, sink(HALF), ring(HALF, 128).withPacking(packing));
    agree(cases.decode(streaming, 2, 301));
  }

  @ParameterizedTest
  @CsvSource({"1, 32, 3", "3, 96, 5", "8, 128, 2"})
  void combinesSplits(int group, int dim, int splits) {
    agree(cases.combine(shape(group, 2, dim, dense(HALF)), splits));
  }

  @ParameterizedTest
  @CsvSource({"1, 32, 8, 0, 65", "2, 64, 4, 63, 13", "8, 32, 1, 130, 9", "3, 96, 2, 64, 1"})
  void prefills(int group, int dim, int tokens, int held, int span) {
    agree(cases.prefill(shape(group, 1, dim, dense(HALF)), tokens, held, span));
    agree(cases.prefill(shape(group, 1, dim, sink(HALF), ring(HALF, 64)), tokens, held, span));
    Packing packing = packing(8, true, 64, 4, 32);
    agree(
        cases.prefill(shape(group, 1, dim, dense(HALF).withPacking(packing)), tokens, held, span));
  }

  @ParameterizedTest
  @CsvSource({"32, 0, 1", "64, 63, 2", "96, 100, 130", "80, 207, 1", "128, 10, 64"})
  void writesRows(int dim, int held, int span) {
    Packing packing = packing(8, true, 64, 4, 16);
    agree(cases.append(shape(2, 2, dim, dense(HALF)), held, span));
    agree(cases.append(shape(2, 2, dim, sink(HALF), ring(HALF, 64)), held, span));
    agree(cases.append(shape(2, 2, dim, dense(HALF).withPacking(packing)), held, span));
    agree(cases.stage(shape(1, 2, dim, dense(HALF)), span));
  }

  @ParameterizedTest
  @CsvSource({"32, 0, 130", "64, 63, 66", "96, 100, 110", "80, 10, 200"})
  void gathersRows(int dim, int held, int span) {
    Packing packing = packing(4, true, 32, 4, 16);
    agree(cases.gather(shape(1, 2, dim, dense(HALF).withPacking(packing)), held, span));
    AttentionShape streaming = shape(1, 1, dim, sink(HALF), ring(HALF, 128).withPacking(packing));
    agree(cases.gather(streaming, held, span));
  }

  @ParameterizedTest
  @CsvSource({
    "32, 8, true, 64, 8, 32",
    "64, 4, true, 32, 4, 32",
    "96, 8, true, 64, 4, 32",
    "128, 4, false, 128, 4, 64",
    "80, 4, true, 16, 4, 16",
    "64, 8, false, 16, 8, 16",
    "128, 4, false, 32, 4, 128"
  })
  void packsPages(int dim, int keyBits, boolean byChannel, int keyGroup, int bits, int values) {
    Packing packing = packing(keyBits, byChannel, keyGroup, bits, values);
    AttentionShape shape = shape(1, 2, dim, dense(HALF).withPacking(packing));
    agree(cases.packSpan(shape, 10, 130));
    agree(cases.packOpenPage(shape, 128));
    AttentionShape exact = shape(1, 1, dim, dense(ElementFormat.F32).withPacking(packing));
    agree(cases.packOpenPage(exact, 64));
  }

  @ParameterizedTest
  @CsvSource({"1, 32", "2, 64", "8, 96", "4, 128"})
  void compensates(int group, int dim) {
    AttentionShape plain = compensated(shape(group, 2, dim, sink(HALF), ring(HALF, 64)));
    agree(cases.decode(plain, 1, 207, 64));
    agree(cases.prefill(plain, 1, 200, 9));
    agree(cases.expelRows(plain, 132, 1));
    agree(cases.expelRows(plain, 150, 170));
    for (Packing packing : List.of(packing(8, true, 64, 4, 32), packing(4, false, 16, 8, 16))) {
      AttentionShape packed =
          compensated(shape(group, 2, dim, ring(HALF, 64).withPacking(packing)));
      agree(cases.decode(packed, 2, 207));
      agree(cases.expelRows(packed, 150, 170));
      agree(cases.expelPage(packed, 192));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16"})
  void multipliesByWeights(ElementFormat weight) {
    DenseCases dense = new DenseCases(seed);
    agree(dense.product(24, 256, weight, new ProductBlock(1, 8)));
    agree(dense.product(24, 100, weight, new ProductBlock(1, 12)));
    agree(dense.product(40, 64, weight, new ProductBlock(16, 20)));
    agree(dense.product(64, 96, weight, new ProductBlock(4, 64)));
    agree(dense.gatedProduct(32, 128, weight, new ProductBlock(1, 16)));
    agree(dense.gatedProduct(48, 40, weight, new ProductBlock(8, 16)));
  }

  @ParameterizedTest
  @CsvSource({"4096, 100", "192, 64", "64, 4096"})
  void treatsRowsAlone(int width, int most) {
    DenseCases dense = new DenseCases(seed);
    agree(dense.embedding(width, HALF, most));
    agree(dense.rmsNorm(1, width, most));
    agree(dense.rmsNorm(6, 64, most));
    agree(dense.rope(6, 64, most));
    agree(dense.argmax(width + 13, most));
  }
}
