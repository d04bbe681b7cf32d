package dev.kvasir.runtime.backend;

import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The targets that plans run on here. */
public final class Backends {

  private Backends() {}

  /** {@return the built-in providers, then those on the class path} */
  public static List<BackendProvider> all() {
    List<BackendProvider> providers = new ArrayList<>();
    providers.add(new JvmProvider());
    ServiceLoader.load(BackendProvider.class).forEach(providers::add);
    return List.copyOf(providers);
  }

  /** {@return the provider for a target, empty when none is on the class path} */
  public static Optional<BackendProvider> find(String target) {
    return all().stream().filter(provider -> provider.target().equals(target)).findFirst();
  }

  /** {@return the names of all targets that have a provider here} */
  public static List<String> targets() {
    return all().stream().map(BackendProvider::target).toList();
  }

  /**
   * {@return the device that was asked for by its id or its name, whatever the case of letters, or
   * else the first one}
   *
   * @throws KvasirException {@link ErrorCode#DEVICE_UNAVAILABLE} when there is no device; {@link
   *     ErrorCode#DEVICE_UNKNOWN} when there is none of that name, or more than one
   */
  public static Device choose(BackendProvider provider, Optional<String> requested) {
    List<Device> devices =
        switch (provider.devices()) {
          case Devices.Available available -> available.devices();
          case Devices.Unavailable unavailable ->
              throw new KvasirException(
                  ErrorCode.DEVICE_UNAVAILABLE,
                  "target %s has no device here: %s"
                      .formatted(provider.target(), unavailable.reason()));
        };
    if (requested.isEmpty()) {
      return devices.getFirst();
    }
    String wanted = requested.get();
    List<Device> found = devices.stream().filter(device -> device.id().equals(wanted)).toList();
    if (found.isEmpty()) {
      found = devices.stream().filter(device -> device.name().equalsIgnoreCase(wanted)).toList();
    }
    if (found.size() != 1) {
      throw new KvasirException(
          ErrorCode.DEVICE_UNKNOWN,
          "target %s has %s device %s; choose one of %s"
              .formatted(
                  provider.target(),
                  found.isEmpty() ? "no" : "more than one",
                  wanted,
                  devices.stream()
                      .map(device -> "%s (%s)".formatted(device.id(), device.name()))
                      .collect(Collectors.joining(", "))));
    }
    return found.getFirst();
  }
}
