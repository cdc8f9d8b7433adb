import Foundation

/// Where things lie in the source tree and the build folder.
enum Paths {
    private static let tests = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Scripts the fixtures run.
    static let support = tests.appendingPathComponent("Support")

    /// The root of the source tree.
    static let tree = tests.deletingLastPathComponent().deletingLastPathComponent()

    /// What is built once and kept: images, blobs.
    static let cache = tree.appendingPathComponent(".build/e2e")

    /// The program under test: `ENTREPOT_BINARY`, or the one built beside this test bundle.
    static let entrepot: URL = {
        if let path = ProcessInfo.processInfo.environment["ENTREPOT_BINARY"] { return URL(fileURLWithPath: path) }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("entrepot")
    }()

    static func script(_ name: String) -> String {
        support.appendingPathComponent(name).path
    }
}
