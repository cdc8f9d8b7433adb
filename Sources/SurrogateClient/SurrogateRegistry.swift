public import OCI

/// A registry that cannot be reached from here: what is done to it is done by an `entrepot surrogate` that runs beside it.
/// Profiles, passwords and certificates are those there.
///
/// Every method may be called by several tasks at a time; each starts a program of its own.
public struct SurrogateRegistry: Sendable {
    private let registry: String
    private let route: SurrogateRoute

    /// - Parameters:
    ///   - registry: A profile or an address, as it is called there.
    ///   - route: How the surrogate is reached.
    public init(_ registry: String, by route: SurrogateRoute) {
        self.registry = registry
        self.route = route
    }

    /// Pushes an archive of one image, or any other file as an image that holds it.
    ///
    /// - Parameter path: Of this machine.
    /// - Returns: The digest of what was pushed.
    @discardableResult
    public func push(_ path: String, as repository: RepositoryName, tag: Tag) async throws -> Digest {
        let file = path.split(separator: "/").last.map(String.init)
        let order = SurrogateOrder(
            arguments: ["image", "push", "--", registry, "\(repository):\(tag)", SurrogateOrder.fileMark], file: file)
        let lines = try await Self.lines(order.answer(by: route, sending: path))
        guard lines.count == 1, let at = lines[0].lastIndex(of: "@"),
            let digest = Digest(String(lines[0][lines[0].index(after: at)...]))
        else { throw Self.strange }
        return digest
    }

    /// Pulls an image into a bundle, a tar file with an OCI image layout.
    public func pull(_ repository: RepositoryName, _ reference: Reference, to path: String) async throws {
        try await pull(repository, reference, [], to: path)
    }

    /// Pulls the file that an image was made of.
    public func unpack(_ repository: RepositoryName, _ reference: Reference, to path: String) async throws {
        try await pull(repository, reference, ["--unpack"], to: path)
    }

    private func pull(
        _ repository: RepositoryName, _ reference: Reference, _ options: [String], to path: String
    ) async throws {
        let image = Self.name(repository, reference)
        let order = SurrogateOrder(
            arguments: ["image", "pull", "--output", "-"] + options + ["--", registry, image])
        try await order.carryOut(by: route, to: path)
    }

    /// All images, where the registry tells its repositories.
    public func images() async throws -> [(repository: RepositoryName, tag: Tag)] {
        let order = SurrogateOrder(arguments: ["image", "list", "--format", "bare", "--", registry])
        return try await Self.lines(order.answer(by: route)).map { line in
            guard let colon = line.lastIndex(of: ":"), let repository = RepositoryName(String(line[..<colon])),
                let tag = Tag(String(line[line.index(after: colon)...]))
            else { throw Self.strange }
            return (repository, tag)
        }
    }

    /// Deletes an image, with all its tags.
    public func delete(_ repository: RepositoryName, _ reference: Reference) async throws {
        let order = SurrogateOrder(
            arguments: ["image", "delete", "--", registry, Self.name(repository, reference)])
        _ = try await order.answer(by: route)
    }

    private static func name(_ repository: RepositoryName, _ reference: Reference) -> String {
        switch reference {
        case .tag(let tag): "\(repository):\(tag)"
        case .digest(let digest): "\(repository)@\(digest)"
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private static let strange = SurrogateError(
        .answer, "what came back is not understood: is the other side as new as this?")
}
