import ArgumentParser
import Console

/// What commands share that take long.
struct ProgressOptions: ParsableArguments {
    @Flag(
        name: .customLong("progress"),
        help: "Tell on standard error how far it is, each ten seconds; a terminal has a bar without it.")
    var isWanted = false

    /// A bar on a terminal, lines for who wants them, or nothing.
    func bar(_ what: String, unit: ProgressBar.Unit = .bytes, total: Int64? = nil) -> ProgressBar {
        ProgressBar(what, unit: unit, total: total, style: .ofStandardError(isWanted: isWanted))
    }
}
