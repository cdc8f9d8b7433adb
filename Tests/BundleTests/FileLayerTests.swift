import Bundle
import Foundation
import TestSupport
import Testing

@Suite struct FileLayerTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func unpacked(_ path: String) throws -> (name: String?, bytes: Data) {
        let target = directory.file("out-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: target, contents: nil)
        let handle = try #require(FileHandle(forWritingAtPath: target))
        defer { try? handle.close() }
        let name = try FileLayer.unpack(path, to: handle.fileDescriptor)
        return (name, try Data(contentsOf: URL(fileURLWithPath: target)))
    }

    @Test(arguments: [0, 1, 511, 512, 513, 2_500_000])
    func aFileComesBackByteForByteAndIsAlwaysTheSameLayer(size: Int) throws {
        let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) })
        let path = directory.file("some file.bin")
        try bytes.write(to: URL(fileURLWithPath: path))
        let one = try FileLayer.write(path, named: "some file.bin", to: directory.file("one"))
        let two = try FileLayer.write(path, named: "some file.bin", to: directory.file("two"))
        #expect(one.digest == two.digest && one.diffID == two.diffID && one.diffID != one.digest)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file("one"))).count == Int(one.size))
        let back = try unpacked(directory.file("one"))
        #expect(back.bytes == bytes)
        #expect(back.name == "some file.bin")
    }

    /// As Reposure made them.
    @Test func aLayerThatIsNoTarFileIsWhatIsBeneathItsCompression() async throws {
        let path = directory.file("raw")
        try Data("hello world\n".utf8).write(to: URL(fileURLWithPath: path))
        try await Command("gzip", ["-k", path]).run()
        for layer in [path, path + ".gz"] {
            let back = try unpacked(layer)
            #expect(back.name == nil && back.bytes == Data("hello world\n".utf8))
        }
    }

    @Test func aLayerOfSeveralFilesIsRefused() async throws {
        for name in ["a", "b"] { try Data(name.utf8).write(to: URL(fileURLWithPath: directory.file(name))) }
        let path = directory.file("several.tar")
        try await Command("tar", ["-C", directory.path, "-cf", path, "a", "b"]).run()
        #expect(throws: BundleError.self) { _ = try unpacked(path) }
    }

    @Test(arguments: ["", ".", "..", "a/b", "a\\b", "a\u{0}b", String(repeating: "x", count: 101)])
    func aNameThatLeadsElsewhereIsRefused(name: String) throws {
        let path = directory.file("file")
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: BundleError.self) {
            _ = try FileLayer.write(path, named: name, to: directory.file(UUID().uuidString))
        }
    }

    @Test func whatIsATarFileIsTold() async throws {
        let text = directory.file("text")
        try Data(repeating: 0x41, count: 4096).write(to: URL(fileURLWithPath: text))
        try await Command("tar", ["-C", directory.path, "-cf", text + ".tar", "text"]).run()
        try await Command("gzip", ["-k", text + ".tar"]).run()
        try await Command("gzip", ["-k", text]).run()
        #expect(try Archive.isTar(text + ".tar") && Archive.isTar(text + ".tar.gz"))
        #expect(try !Archive.isTar(text) && !Archive.isTar(text + ".gz"))
    }
}
