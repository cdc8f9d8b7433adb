internal import NIOConcurrencyHelpers

/// A value that a reload of the configuration may change while others read it.
final class Adjustable<Value: Sendable>: Sendable {
    private let box: NIOLockedValueBox<Value>

    init(_ value: Value) {
        box = NIOLockedValueBox(value)
    }

    var value: Value { box.withLockedValue { $0 } }

    func set(_ value: Value) { box.withLockedValue { $0 = value } }
}
