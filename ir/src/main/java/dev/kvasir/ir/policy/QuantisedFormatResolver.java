package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.PolicyAst.Argument;
import dev.kvasir.ir.policy.PolicyAst.CallExpression;
import dev.kvasir.ir.policy.PolicyAst.Value;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.QuantisedFormat.Per;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Gives a matched {@code int8(...)} or {@code int4(...)} its meaning for one model. */
final class QuantisedFormatResolver {
  private static final String PER = "per";
  private static final String GROUP = "group";

  /** Stands for a group that is not written: what it is depends on the axis and the model. */
  private static final long UNWRITTEN = 0;

  private static final int USUAL_CHANNELS = 32;

  private final LetScope lets;
  private final ModelFacts facts;
  private final Diagnostics diagnostics;
  private boolean headDimReported;

  QuantisedFormatResolver(LetScope lets, ModelFacts facts, Diagnostics diagnostics) {
    this.lets = lets;
    this.facts = facts;
    this.diagnostics = diagnostics;
  }

  /** What may be written, ranges aside. */
  static List<CallShape> shapes(boolean perChannel) {
    Per usual = perChannel ? Per.CHANNEL : Per.TOKEN;
    List<ParameterSpec> parameters =
        List.of(
            ParameterSpec.optional(
                PER,
                ParameterType.choice(Per.CHANNEL.text(), Per.TOKEN.text()),
                new ParameterValue.NameValue(usual.text()),
                "whether rows or channels share a step"),
            ParameterSpec.optional(
                GROUP,
                new ParameterType.IntegerType(Long.MIN_VALUE, Long.MAX_VALUE),
                new ParameterValue.IntegerValue(UNWRITTEN),
                "how many elements share a step"));
    return List.of(new CallShape("int8", parameters), new CallShape("int4", parameters));
  }

  /**
   * The format; empty if something was reported.
   *
   * @param label what messages call the value
   * @param perChannel whether groups may run along channels
   * @param call the value, matched to one of the shapes
   * @param written the value as it stands in the policy
   */
  Optional<ParameterValue> check(
      String label, boolean perChannel, ParameterValue.CallValue call, Value written) {
    Arguments arguments = new Arguments(call.arguments());
    Per per = Per.ofText(arguments.name(PER));
    if (per == Per.CHANNEL && !perChannel) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.OUT_OF_RANGE,
                  argument(written, PER, 0).orElse(written).span(),
                  label + " cannot be quantised per channel")
              .withNote(
                  "the weight of a row takes up its step before rows are summed: write per ="
                      + " token"));
      return Optional.empty();
    }
    if (!headDimFits(label, written)) {
      return Optional.empty();
    }
    int bits = QuantisedFormat.bitsOf(call.name());
    Optional<Value> group = argument(written, GROUP, 1);
    if (group.isEmpty()) {
      return Optional.of(quantised(bits, per, usualGroup(per)));
    }
    long size = arguments.integer(GROUP);
    if (!isAllowed(bits, per, size)) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.OUT_OF_RANGE,
                  group.get().span(),
                  "group must be " + allowed(bits, per) + ", got " + size)
              .withNote(reason(per)));
      return Optional.empty();
    }
    return Optional.of(quantised(bits, per, (int) size));
  }

  private boolean headDimFits(String label, Value written) {
    int multiple = QuantisedFormat.DIMENSION_MULTIPLE;
    boolean fits = facts.headDim().isEmpty() || facts.headDim().getAsInt() % multiple == 0;
    if (!fits && !headDimReported) {
      headDimReported = true;
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.WRONG_MODEL,
                  written.span(),
                  label
                      + " cannot be quantised: heads of this model have "
                      + facts.headDim().getAsInt()
                      + " channels, no multiple of "
                      + multiple)
              .withNote("codes lie in blocks of " + multiple + " channels"));
    }
    return fits;
  }

  private int usualGroup(Per per) {
    return switch (per) {
      case CHANNEL -> QuantisedFormat.PAGE_ROWS;
      case TOKEN ->
          facts.headDim().orElse(USUAL_CHANNELS) % USUAL_CHANNELS == 0
              ? USUAL_CHANNELS
              : QuantisedFormat.MINIMUM_GROUP;
    };
  }

  private boolean isAllowed(int bits, Per per, long group) {
    if (group < 1 || group > Integer.MAX_VALUE) {
      return false;
    }
    try {
      QuantisedFormat format = new QuantisedFormat(bits, per, (int) group);
      facts.headDim().ifPresent(channels -> format.checkHeadDim("rows", channels));
      return true;
    } catch (IllegalArgumentException refused) {
      return false;
    }
  }

  private String allowed(int bits, Per per) {
    int longest =
        switch (per) {
          case CHANNEL -> QuantisedFormat.PAGE_ROWS;
          case TOKEN -> facts.headDim().orElse(USUAL_CHANNELS);
        };
    List<String> groups =
        IntStream.rangeClosed(QuantisedFormat.MINIMUM_GROUP, longest)
            .filter(group -> isAllowed(bits, per, group))
            .mapToObj(Integer::toString)
            .toList();
    return per == Per.TOKEN && facts.headDim().isEmpty()
        ? String.join(", ", groups) + " or a multiple of " + QuantisedFormat.PAGE_ROWS
        : Suggestions.join(groups);
  }

  private String reason(Per per) {
    return switch (per) {
      case CHANNEL ->
          "per channel, a group is that many rows, and a page has " + QuantisedFormat.PAGE_ROWS;
      case TOKEN ->
          "per token, a group is that many channels"
              + (facts.headDim().isPresent()
                  ? ", and a head has " + facts.headDim().getAsInt()
                  : "");
    };
  }

  /** The value of an argument as written, or as bound by a let; empty if it is not given. */
  private Optional<Value> argument(Value written, String name, int position) {
    if (!(lets.follow(written) instanceof CallExpression call)) {
      return Optional.empty();
    }
    for (int index = 0; index < call.arguments().size(); index++) {
      Argument argument = call.arguments().get(index);
      boolean found =
          argument.name().isPresent()
              ? argument.name().get().text().equals(name)
              : index == position;
      if (found) {
        return Optional.of(argument.value());
      }
    }
    return Optional.empty();
  }

  private static ParameterValue quantised(int bits, Per per, int group) {
    return new ParameterValue.QuantisedValue(new QuantisedFormat(bits, per, group));
  }
}
