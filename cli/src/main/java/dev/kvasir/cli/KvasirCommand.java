package dev.kvasir.cli;

import picocli.CommandLine.Command;

/** The command without a verb, which is a mistake. */
@Command(
    name = "kvasir",
    mixinStandardHelpOptions = true,
    header = "Compiles KV-cache compression into attention kernels, and runs the result.",
    synopsisSubcommandLabel = "VERB",
    commandListHeading = "%nVerbs:%n")
final class KvasirCommand {}
