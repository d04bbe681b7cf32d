package dev.kvasir.runtime.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a process holds outside its heap before, while and after sessions are open. */
class MemoryAfterClosingTest {

  private static final long MEBIBYTE = 1 << 20;

  @TempDir private Path folder;

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "only Linux lists what is mapped")
  void closingFreesTheBytes() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:NativeMemoryTracking=summary",
                "-cp",
                System.getProperty("java.class.path", ""),
                MemoryUse.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    // This process has no native access: it is not to ask for it.
    assertThat(output).doesNotContain("restricted method");
    Map<String, Long> bytes =
        Arrays.stream(output.split("\n"))
            .filter(line -> line.startsWith("bytes "))
            .map(line -> line.split(" "))
            .collect(Collectors.toMap(words -> words[1], words -> Long.valueOf(words[2])));

    assertThat(bytes)
        .containsOnlyKeys(
            "before", "reserved", "open", "closed", "again", "mapped", "unmapped", "workers");
    long before = bytes.getOrDefault("before", 0L);
    long reserved = bytes.getOrDefault("reserved", 0L);
    assertThat(reserved).isGreaterThan(64 * MEBIBYTE);
    assertThat(bytes.getOrDefault("open", 0L) - before)
        .isBetween(reserved, reserved + 4 * MEBIBYTE);
    assertThat(bytes.getOrDefault("closed", 0L) - before).isLessThan(MEBIBYTE);
    assertThat(bytes.getOrDefault("again", 0L) - before).isLessThan(MEBIBYTE);
    assertThat(bytes.get("mapped")).isPositive();
    assertThat(bytes.get("unmapped")).isZero();
    assertThat(bytes.get("workers")).isZero();
  }
}
