internal import FoundationEssentials
internal import Threads

/// A command that is carried out elsewhere: a line of JSON, and after it the bytes of a file, if there is one.
public struct SurrogateOrder: Codable, Sendable, Equatable {
    /// In the place of the file's path.
    public static let fileMark = "{file}"
    /// Bytes.
    public static let longestLine = 64 << 10

    /// Those of `entrepot`.
    public var arguments: [String]
    /// The file's own name; nil if none comes.
    public var file: String?

    public init(arguments: [String], file: String? = nil) {
        self.arguments = arguments
        self.file = file
    }

    /// - Parameter line: Without its end.
    /// - Returns: Nil for what is no order.
    public init?(line: [UInt8]) {
        guard line.count < Self.longestLine, let order = try? JSONDecoder().decode(Self.self, from: Data(line)) else {
            return nil
        }
        self = order
    }

    /// As it goes over, with its end.
    var line: [UInt8] {
        var bytes = (try? JSONEncoder().encode(self)).map { [UInt8]($0) } ?? []
        bytes.append(0x0A)
        return bytes
    }

    /// Has it carried out. What it has to say goes to standard error.
    ///
    /// This process ignores the signal for a broken pipe from then on: who ends early is told by how.
    ///
    /// - Parameters:
    ///   - path: The file that goes along; `-` is standard input, nil none.
    ///   - output: The file that its output becomes, if it succeeds; nil for standard output.
    /// - Throws: ``SurrogateError/Kind/failed(_:)`` where it ended with anything but 0.
    public func carryOut(
        by route: SurrogateRoute, sending path: String? = nil, to output: String? = nil
    ) async throws {
        try await ThreadPool.shared.run {
            _ = try SurrogateCall(order: self, route: route).run(
                sending: path, to: output.map { .file($0) } ?? .standard)
        }
    }

    /// - Returns: What it wrote.
    func answer(by route: SurrogateRoute, sending path: String? = nil) async throws -> [UInt8] {
        try await ThreadPool.shared.run {
            try SurrogateCall(order: self, route: route).run(sending: path, to: .memory)
        }
    }
}
