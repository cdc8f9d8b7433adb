/// The steps of a move in a store that can only copy and delete. Pure: it says what to do next and is told what was found.
///
/// A copy may have read its source long before it appears, and whoever deletes the source meanwhile takes for granted that it
/// was moved by nobody. So the source is looked at again once the copy is there: a move that was made is seen before its source
/// is gone, as with a rename. The test of the collector's protocol tries every order.
public struct MoveByCopy: Hashable, Sendable {
    public enum Operation: Hashable, Sendable {
        /// Is there a source, and which?
        case look
        /// Makes the copy, of that source; whether it was still there.
        case copy
        /// Is that source still there, now that the copy is?
        case lookAgain
        case deleteSource
        /// It is moved.
        case succeed
        /// It is not. A copy may be left.
        case fail
    }

    public private(set) var operation: Operation = .look
    /// A broken variant, for the test that must find it: takes a copy for a move.
    var looksAgain = true

    public init() {}

    /// - Parameter found: What was looked for is there; true after ``Operation/deleteSource``.
    public mutating func advance(_ found: Bool) {
        switch operation {
        case .look: operation = found ? .copy : .fail
        case .copy: operation = found ? (looksAgain ? .lookAgain : .deleteSource) : .fail
        case .lookAgain: operation = found ? .deleteSource : .fail
        case .deleteSource: operation = .succeed
        case .succeed, .fail: break
        }
    }
}
