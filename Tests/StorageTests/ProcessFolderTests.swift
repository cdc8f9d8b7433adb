import Foundation
import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@Suite struct ProcessFolderTests {
    private let directory: TemporaryDirectory
    private var root: String { directory.file("deep/copy") }

    init() throws { directory = try TemporaryDirectory() }

    /// As in two containers: the number of the process does not tell them apart.
    @Test func twoThatHaveOneNumberDoNotWriteIntoOneFile() throws {
        let files = try (0..<2).map { _ in try CopiedFile(in: ProcessFolder(below: root), .sha256) }
        try files[0].append(ByteBuffer(string: "the first"))
        try files[1].append(ByteBuffer(string: "another"))
        #expect(try files.map { try String(contentsOfFile: $0.path, encoding: .utf8) } == ["the first", "another"])
    }

    @Test func whatSomebodyHoldsIsInUseAndStaysWhenAnotherStarts() throws {
        #expect(!ProcessFolder.isInUse(root))
        let first = try ProcessFolder(below: root)
        let (path, _) = try first.makeFile("copy")
        let second = try ProcessFolder(below: root)
        #expect(first.path != second.path)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(ProcessFolder.isInUse(root))
        #expect(first.hasNeighbours && second.hasNeighbours)
    }

    @Test func whatNobodyHoldsIsSwept() throws {
        let left = "\(root)/1-0"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: "\(left)/copy.1"))
        #expect(!ProcessFolder.isInUse(root))
        let folder = try ProcessFolder(below: root)
        #expect(directory.files() == [])
        #expect(!folder.hasNeighbours)
        #expect(FileManager.default.fileExists(atPath: folder.path))
    }
}
