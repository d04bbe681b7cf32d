package dev.kvasir.ir.policy;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one technique accepts in a policy, and what it means there.
 *
 * @param name the name a policy writes after {@code use}
 * @param help one line that says what the technique does, without a full stop
 * @param role what it decides about a cache; see {@link TechniqueRole#conflict}
 * @param parameters in the order in which values and help are shown
 * @param axes what {@code on} may restrict; without an axis the technique is for the whole model
 * @param boundNames the names of the sets it binds
 * @param binder gives those sets their members
 * @param claim the heads on which the role counts
 * @param check what its parameters must fulfil together
 */
public record TechniqueSpec(
    String name,
    String help,
    TechniqueRole role,
    List<ParameterSpec> parameters,
    Set<TargetAxis> axes,
    List<String> boundNames,
    SetBinder binder,
    UseClaim claim,
    UseCheck check) {

  /** Copies the collections and refuses specifications that contradict themselves. */
  public TechniqueSpec {
    parameters = List.copyOf(parameters);
    axes = Set.copyOf(axes);
    boundNames = List.copyOf(boundNames);
    Set<String> names = new HashSet<>();
    for (ParameterSpec parameter : parameters) {
      if (parameter.type() instanceof ParameterType.LayerOrHeadSetType(String axisParameter)
          && !names.contains(axisParameter)) {
        throw new IllegalArgumentException(
            name + ": " + axisParameter + " must stand before " + parameter.name());
      }
      if (!names.add(parameter.name())) {
        throw new IllegalArgumentException(name + " has two parameters " + parameter.name());
      }
    }
  }

  /** Starts the specification of a technique. */
  public static Builder named(String name) {
    return new Builder(name);
  }

  /** Collects a specification; every part but parameters, axes and sets must be given. */
  public static final class Builder {
    private final String name;
    private final List<ParameterSpec> parameters = new ArrayList<>();
    private final Set<TargetAxis> axes = EnumSet.noneOf(TargetAxis.class);
    private String help = "";
    private Optional<TechniqueRole> role = Optional.empty();
    private List<String> boundNames = List.of();
    private SetBinder binder = (arguments, facts) -> Map.of();
    private Optional<String> claimedSet = Optional.empty();
    private UseClaim claim = (use, facts) -> use.target();
    private UseCheck check = UseCheck.NONE;

    private Builder(String name) {
      this.name = name;
    }

    /** One line that says what the technique does, without a full stop. */
    public Builder help(String line) {
      this.help = line;
      return this;
    }

    /** What the technique decides about a cache. */
    public Builder role(TechniqueRole decided) {
      this.role = Optional.of(decided);
      return this;
    }

    /** The next parameter. */
    public Builder parameter(ParameterSpec parameter) {
      parameters.add(parameter);
      return this;
    }

    /** Allows {@code on} to restrict the technique along this axis. */
    public Builder axis(TargetAxis axis) {
      axes.add(axis);
      return this;
    }

    /** Declares the names of the sets the technique binds, and gives them their members. */
    public Builder bindsSets(List<String> names, SetBinder setBinder) {
      this.boundNames = names;
      this.binder = setBinder;
      return this;
    }

    /** Claims the role only on the heads of this bound set, not on the whole target. */
    public Builder claims(String boundName) {
      this.claimedSet = Optional.of(boundName);
      return claims(
          (use, facts) ->
              Optional.ofNullable(use.boundSets().get(boundName))
                  .map(NamedSet::heads)
                  .orElse(use.target()));
    }

    /** Claims the role only on these heads, not on the whole target. */
    public Builder claims(UseClaim heads) {
      this.claim = heads;
      return this;
    }

    /** Checks what the parameters of a use must fulfil together. */
    public Builder check(UseCheck useCheck) {
      this.check = useCheck;
      return this;
    }

    /**
     * The specification.
     *
     * @throws IllegalArgumentException if help or role is missing, or parts contradict each other
     */
    public TechniqueSpec build() {
      if (help.isEmpty()) {
        throw new IllegalArgumentException(name + " has no help line");
      }
      if (claimedSet.isPresent() && !boundNames.contains(claimedSet.get())) {
        throw new IllegalArgumentException(name + " does not bind " + claimedSet.get());
      }
      return new TechniqueSpec(
          name,
          help,
          role.orElseThrow(() -> new IllegalArgumentException(name + " has no role")),
          parameters,
          axes,
          boundNames,
          binder,
          claim,
          check);
    }
  }
}
