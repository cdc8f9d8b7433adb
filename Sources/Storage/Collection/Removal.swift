/// The steps of whoever removes what nothing refers to. Pure: it says what to do next and is told what was found.
///
/// A round looks which marks there are, then at all references. What is not referred to and has no mark gets one; what is
/// and has one loses it. What has a mark from before the round began, old enough and not referred to, is removed: the mark is
/// moved first, which fails if somebody has taken it back. A mark that was taken back and made anew by another
/// collector is another mark, whatever it is worth: it is dropped, and nothing is removed.
public struct Removal: Hashable, Sendable {
    public enum Operation: Hashable, Sendable {
        /// Was it condemned before this round looks at references, long enough ago?
        case lookForRipeMark
        case lookForReferences
        /// Is it condemned now?
        case lookForMark
        case condemn
        case absolve
        /// Moves the mark to say that it is being removed; whether it was there.
        case decide
        /// Was it the one that this round found before it looked at references?
        case verify
        case remove
        case endSweep
        case end
    }

    public private(set) var operation: Operation = .lookForRipeMark
    private var isRipe = false
    /// A broken variant, for the test that must find it: removes what it condemned itself after it looked at references.
    var isHasty = false
    /// Another: takes any mark for the one that it saw.
    var isTrusting = false

    public init() {}

    public mutating func advance(_ found: Bool) {
        switch operation {
        case .lookForRipeMark:
            isRipe = found
            operation = .lookForReferences
        case .lookForReferences where found:
            operation = .lookForMark
            isRipe = false
            isReferredTo = true
        case .lookForReferences:
            operation = isRipe ? .decide : .lookForMark
        case .lookForMark:
            operation = found ? (isReferredTo ? .absolve : .end) : (isReferredTo ? .end : .condemn)
        // What a store that can only copy may have left is dropped.
        case .decide: operation = found ? .verify : .endSweep
        case .verify: operation = found || isTrusting ? .remove : .endSweep
        case .remove: operation = .endSweep
        case .condemn: operation = isHasty ? .decide : .end
        case .absolve, .endSweep: operation = .end
        case .end: break
        }
    }

    private var isReferredTo = false
}
