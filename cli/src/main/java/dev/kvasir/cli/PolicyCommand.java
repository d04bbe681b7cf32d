package dev.kvasir.cli;

import picocli.CommandLine.Command;

/** The verb {@code policy} without a second word, which is a mistake. */
@Command(
    name = "policy",
    mixinStandardHelpOptions = true,
    header = "Works on policy files.",
    synopsisSubcommandLabel = "VERB",
    commandListHeading = "%nVerbs:%n")
final class PolicyCommand {}
