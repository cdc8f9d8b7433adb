import CELConformance
import Foundation
import Testing

/// The specification's own conformance suite, without a skip list.
struct VectorTests {
    private static let folder = Bundle.module.bundleURL.appending(path: "Vectors")
    private static let names: [String] = (try? VectorFile.urls(in: folder).map(\.lastPathComponent)) ?? []

    @Test(arguments: names)
    func everyVectorOfTheFilePasses(name: String) throws {
        let file = try VectorFile(contentsOf: Self.folder.appending(path: name))
        #expect(!file.vectors.isEmpty)
        #expect(file.failures().map { "\($0.title): \($0.reason)" } == [])
    }

    @Test func theSuiteIsThere() throws {
        let count = try VectorFile.urls(in: Self.folder).reduce(0) { try $0 + VectorFile(contentsOf: $1).vectors.count }
        #expect(count == 1256)
    }
}
