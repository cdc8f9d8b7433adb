/// The steps of whoever begins to refer to something that may be about to be removed. Pure: it says what to do next and is
/// told what was found.
///
/// Safe with ``Removal`` in whatever order the steps of both come: see decision 14, and the test that tries every order.
public struct LinkMaking: Hashable, Sendable {
    public enum Operation: Hashable, Sendable {
        /// Is it condemned?
        case lookForCondemnation
        /// Takes the mark back, in one step; it may be gone by now.
        case rescue
        /// Is it being removed?
        case lookForSweep
        /// Is it there? Whoever has the bytes brings them instead.
        case lookForTarget
        case link
        /// It is there, and stays as long as the link does.
        case succeed
        /// It is not there, or was taken away while the link was made.
        case fail
    }

    private enum Stage: Hashable, Sendable { case before, after }

    public private(set) var operation: Operation = .lookForCondemnation
    private var stage: Stage = .before
    /// A broken variant, for the test that must find it: acknowledges without looking again.
    var looksAgain = true

    public init() {}

    /// - Parameter found: What was looked for is there; true after ``Operation/rescue`` and ``Operation/link``.
    public mutating func advance(_ found: Bool) {
        switch (operation, stage) {
        case (.lookForCondemnation, _): operation = found ? .rescue : .lookForSweep
        case (.rescue, _): operation = .lookForSweep
        // The remover is between its decision and its end: looked for again.
        case (.lookForSweep, _): operation = found ? .lookForSweep : .lookForTarget
        case (.lookForTarget, .before): operation = found ? .link : .fail
        case (.link, _):
            stage = .after
            operation = looksAgain ? .lookForCondemnation : .succeed
        case (.lookForTarget, .after): operation = found ? .succeed : .fail
        case (.succeed, _), (.fail, _): break
        }
    }
}
