import NIOConcurrencyHelpers

/// A bounded number of something, taken without waiting.
final class Slots: Sendable {
    /// Held as long as it lives.
    final class Slot: Sendable {
        private let slots: Slots
        fileprivate init(_ slots: Slots) { self.slots = slots }
        deinit { slots.free.withLockedValue { $0 += 1 } }
    }

    private let free: NIOLockedValueBox<Int>

    init(_ count: Int) {
        free = NIOLockedValueBox(count)
    }

    /// Nil if none is free.
    func take() -> Slot? {
        let isTaken = free.withLockedValue { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
        return isTaken ? Slot(self) : nil
    }
}
