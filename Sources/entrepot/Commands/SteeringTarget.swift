import ArgumentParser

/// A repository, or all repositories below a prefix.
struct SteeringTarget: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "As clients name it here, for example docker.io/library/debian.",
            discussion: "With a slash at its end: that repository and all below it.", valueName: "repository"))
    var name: String

    @Flag(name: .customLong("prefix"), help: "The same as a slash at the end.") var isPrefix = false

    /// Nil for one repository.
    var prefix: String? { isPrefix || name.hasSuffix("/") ? name : nil }
}
