import Bundle
import Foundation
import NIOCore
import TestSupport
import Testing

/// Archives that were made to do harm.
@Suite struct HostileArchiveTests {
    /// Made with Python, whose tarfile writes whatever it is told.
    private func make(_ script: String) async throws -> (TemporaryDirectory, String) {
        let directory = try TemporaryDirectory()
        let path = directory.file("evil.tar")
        let prelude = """
            import io, sys, tarfile
            t = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)
            def add(name, data=b'x', type=tarfile.REGTYPE, link=''):
                i = tarfile.TarInfo(name); i.size = len(data) if type == tarfile.REGTYPE else 0
                i.type = type; i.linkname = link
                t.addfile(i, io.BytesIO(data))

            """
        try Data((prelude + script + "\nt.close()\n").utf8).write(to: URL(fileURLWithPath: directory.file("make.py")))
        try await Command("/usr/bin/env", ["python3", directory.file("make.py"), path]).run()
        return (directory, path)
    }

    private func readAll(_ path: String) throws -> [ArchiveEntry] {
        guard case .entries(let entries) = try Archive(path: path) else { return [] }
        var found: [ArchiveEntry] = []
        while let entry = try entries.next() {
            found.append(entry)
            while try entries.read(upTo: 1 << 16) != nil {}
        }
        return found
    }

    @Test(arguments: [
        "add('../outside')", "add('/etc/passwd')", "add('a/../../b')", "add('a\\\\b')", "add('a\\x01b')",
        "add('l', type=tarfile.SYMTYPE, link='/etc/passwd')", "add('l', type=tarfile.SYMTYPE, link='../x')",
        "add('l', type=tarfile.LNKTYPE, link='../../x')", "add('d', type=tarfile.CHRTYPE)",
        "add('f', type=tarfile.FIFOTYPE)", "add('same'); add('same')", "add('a' * 600)",
    ])
    func isRefused(script: String) async throws {
        let (directory, path) = try await make(script)
        defer { withExtendedLifetime(directory) {} }
        let error = try #require(throws: BundleError.self) { try readAll(path) }
        #expect(error.code == .refused)
    }

    @Test func linksWithinItAreResolved() async throws {
        let (directory, path) = try await make(
            "add('a/layer.tar'); add('b/layer.tar', type=tarfile.SYMTYPE, link='../a/layer.tar')")
        defer { withExtendedLifetime(directory) {} }
        #expect(
            try readAll(path) == [
                ArchiveEntry(path: "a/layer.tar", kind: .file(size: 1)),
                ArchiveEntry(path: "b/layer.tar", kind: .link(to: "a/layer.tar")),
            ])
    }

    @Test func compressionWithinCompressionIsRefused() async throws {
        let (directory, path) = try await make("add('a', b'0' * 1000000)")
        try await Command("/usr/bin/env", ["gzip", path]).run()
        #expect(try readAll(path + ".gz").count == 1)
        try await Command("/usr/bin/env", ["mv", path + ".gz", path]).run()
        try await Command("/usr/bin/env", ["gzip", path]).run()
        let error = try #require(throws: BundleError.self) { try readAll(path + ".gz") }
        #expect(error.code == .refused)
        withExtendedLifetime(directory) {}
    }

    @Test func whatIsNoArchiveIsToldSo() async throws {
        let directory = try TemporaryDirectory()
        try Data("hello, this is a text and no archive of anything".utf8).write(
            to: URL(fileURLWithPath: directory.file("text")))
        #expect(throws: BundleError.self) { try readAll(directory.file("text")) }
        let folder = try #require(throws: BundleError.self) { try readAll(directory.path) }
        #expect(folder.code == .unknownFormat)
        #expect(throws: BundleError.self) { try readAll(directory.file("absent")) }
    }
}
