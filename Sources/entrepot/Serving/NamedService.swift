import ServiceLifecycle

/// A service that the log names by its type. Who runs them prints each, which would be all that it holds; and the language
/// looks through all that it knows for a way to print what it has not printed before, a type too: hence its bare name.
struct NamedService: Service, CustomStringConvertible {
    let service: any Service

    var description: String { _typeName(type(of: service), qualified: false) }

    func run() async throws { try await service.run() }
}
