/// A field of a request, whose value may open something.
public struct HeaderField: Sendable, Equatable {
    public let name: String
    public let value: Secret

    public init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}
