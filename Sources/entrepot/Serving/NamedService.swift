import ServiceLifecycle

/// A service that the log names by its type. Who runs them prints each, which would be all that it holds; and the language
/// looks through all that it knows for a way to print a type that it has not printed before.
struct NamedService: Service, CustomStringConvertible {
    let service: any Service

    var description: String { String(describing: type(of: service)) }

    func run() async throws { try await service.run() }
}
