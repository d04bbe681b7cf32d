package dev.kvasir.cli;

import picocli.CommandLine.Command;

/** The verb {@code calibrate} without a second word, which is a mistake. */
@Command(
    name = "calibrate",
    mixinStandardHelpOptions = true,
    header = "Measures facts about a model, or makes weights, that policies can use.",
    synopsisSubcommandLabel = "VERB",
    commandListHeading = "%nVerbs:%n")
final class CalibrateCommand {}
