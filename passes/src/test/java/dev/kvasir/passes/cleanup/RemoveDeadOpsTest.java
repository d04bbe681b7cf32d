package dev.kvasir.passes.cleanup;

import dev.kvasir.passes.testing.PassCases;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class RemoveDeadOpsTest {

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new RemoveDeadOps());
  }
}
