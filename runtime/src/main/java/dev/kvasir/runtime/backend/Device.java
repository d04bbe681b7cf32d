package dev.kvasir.runtime.backend;

import dev.kvasir.plans.StorageFormat;
import java.util.List;
import java.util.OptionalLong;

/**
 * What kernels can run on.
 *
 * @param id what chooses it: {@code 0:1}; unique among the devices of a target
 * @param name for people
 * @param memory bytes that buffers may take together; empty where nothing but the machine bounds
 *     them
 * @param formats element formats that its kernels read and write
 */
public record Device(String id, String name, OptionalLong memory, List<StorageFormat> formats) {

  /** Copies the list. */
  public Device {
    formats = List.copyOf(formats);
  }
}
