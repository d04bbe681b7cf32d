package dev.kvasir.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes an option that is not on the command line from the environment: {@code --max-context} from
 * {@code KVASIR_MAX_CONTEXT}, a flag that is {@code true} or {@code false} there. An empty variable
 * counts as absent.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
  private static final String PREFIX = "KVASIR_";

  private final Map<String, String> environment;
  private final Set<String> arguments;

  /**
   * @param arguments the command line
   */
  EnvironmentDefaults(Map<String, String> environment, String... arguments) {
    this.environment = Map.copyOf(environment);
    this.arguments = Set.copyOf(Arrays.asList(arguments));
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || option.usageHelp() || option.versionHelp()) {
      return null;
    }
    // A flag means the opposite of its default: one that is typed must not find "true" there.
    if (option.arity().max() == 0 && arguments.contains(option.longestName())) {
      return null;
    }
    String value = environment.get(variable(option));
    return value == null || value.isEmpty() ? null : value;
  }

  /** {@return the name of the variable that stands for {@code option}} */
  static String variable(OptionSpec option) {
    String name = option.longestName().replaceFirst("^-+", "");
    return PREFIX + name.replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
