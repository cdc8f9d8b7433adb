import Tokens

extension ServiceName {
    static let registry = name("registry")
    static let other = name("other")

    private static func name(_ text: String) -> ServiceName {
        guard let name = ServiceName(text) else { preconditionFailure("\(text) is no name of a service") }
        return name
    }
}
