@testable import Bundle
import Foundation
import Hashing
import NIOCore
import OCI
import TestSupport
import Testing
import Threads
import Tokens

@Suite struct BundleTests {
    private let sample: BundleSample
    private let directory: TemporaryDirectory

    init() throws {
        sample = try BundleSample()
        directory = try TemporaryDirectory()
    }

    private func contents(of file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: directory.file(file))))
    }

    @Test(arguments: [(nil, nil), (3, nil), (nil, 1000 as Int64), (3, 1000)] as [(Int?, Int64?)])
    func whatIsWrittenIsRead(compression: Int?, volumeSize: Int64?) throws {
        let path = directory.file("app.bundle")
        try sample.write(to: path, compression: compression, volumeSize: volumeSize)
        let (catalogue, bytes) = try BundleSample.read(path)
        #expect(catalogue == sample.catalogue)
        #expect(bytes == sample.bytes)
        if volumeSize != nil { #expect(try BundleSample.read(path + ".001").0 == sample.catalogue) }
    }

    /// One after the other under the same name: what is left of the one before would be taken for a part of it.
    @Test func whatIsWrittenUnderTheNameOfAnotherIsReadAlone() throws {
        let path = directory.file("app")
        for volumeSize in [1000, 5000, nil, 2000] as [Int64?] {
            try sample.write(to: path, volumeSize: volumeSize)
            let (catalogue, bytes) = try BundleSample.read(path)
            #expect(catalogue == sample.catalogue && bytes == sample.bytes)
            #expect(directory.files().contains("app") == (volumeSize == nil))
            #expect(directory.files().contains("app.001") == (volumeSize != nil))
        }
    }

    /// A name of more than 100 bytes.
    @Test(arguments: [nil, 3]) func aDigestOfSHA512IsWrittenAndRead(compression: Int?) async throws {
        let sample = try BundleSample(layerAlgorithm: .sha512)
        let path = directory.file("app")
        try sample.write(to: path, compression: compression)
        let (catalogue, bytes) = try BundleSample.read(path)
        #expect(catalogue == sample.catalogue && bytes == sample.bytes)
        guard compression == nil else { return }
        let names = try await Command("/usr/bin/env", ["tar", "-tf", path]).run().split(separator: "\n")
        let long = sample.bytes.keys.filter { $0.algorithm == .sha512 }.map { "blobs/sha512/\($0.hex)" }
        #expect(long.count == 2 && Set(long).isSubset(of: names.map(String.init)))
        // As an archive of any tool.
        let plain = try TarEntries(PeekedSource(VolumeSource(Volumes(named: path), hashes: false)))
        var found: [String] = []
        while let entry = try plain.next() { found.append(entry.path) }
        #expect(Set(long).isSubset(of: found))
        let right = try contents(of: "app")
        let start = try #require(Data(right).firstRange(of: Data("PaxHeader".utf8))).lowerBound
        let noticed = try await unnoticed(512 * 3 / 7) { number in
            var wrong = right
            wrong[start + number * 7] ^= 1 << UInt8(number % 8)
            return wrong
        }
        #expect(noticed == [])
    }

    /// What takes time as the square of what there is would take an hour.
    @Test(.timeLimit(.minutes(5))) func aCatalogueOfManyManifestsIsRead() throws {
        let name = try required(RepositoryName("local/app"))
        let manifests = (0..<30_000).map { number in
            Catalogue.Manifest(
                Catalogue.Content(Digest(hashing: ByteBuffer(integer: number)), size: 8), .imageManifest)
        }
        let catalogue = Catalogue(
            repositories: [Catalogue.Repository(name, manifests: manifests)], contents: manifests.map(\.content))
        #expect(try Catalogue(try catalogue.bytes) == catalogue)
    }

    @Test func oneFileIsWrittenByOneAtATime() throws {
        let path = directory.file("app")
        for volumeSize in [nil, 1000 as Int64] {
            let writer = try BundleWriter(.file(path, volumeSize: nil), sample.catalogue)
            let error = try #require(throws: BundleError.self) { try sample.write(to: path, volumeSize: volumeSize) }
            #expect(error.message.contains("another export writes"))
            writer.abandon()
            #expect(directory.files() == [])
            try sample.write(to: path, volumeSize: volumeSize)
            #expect(try BundleSample.read(path).0 == sample.catalogue)
            for file in directory.files() { try FileManager.default.removeItem(atPath: directory.file(file)) }
        }
    }

    @Test func whatACutOffExportLeftGoesWithTheNext() throws {
        let path = directory.file("app")
        let left = [
            "app.unfinished", "app.001.unfinished", "app.009.unfinished", "app.1200.unfinished",
            "app.sha256.unfinished",
        ]
        let others = ["app.txt.unfinished", "app2.unfinished", "app.0001.unfinished"]
        for name in left + others { try Data("half".utf8).write(to: URL(filePath: directory.file(name))) }
        try sample.write(to: path)
        #expect(directory.files() == (["app", "app.sha256"] + others).sorted())
        #expect(try BundleSample.read(path).0 == sample.catalogue)
    }

    @Test func aFolderIsNoFileForABundle() throws {
        let path = directory.file("folder")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for volumeSize in [nil, 1000 as Int64] {
            let error = try #require(throws: BundleError.self) {
                try BundleWriter(.file(path, volumeSize: volumeSize), sample.catalogue)
            }
            #expect(error.message.contains("is a folder"))
        }
        #expect(directory.files() == [])
    }

    @Test func theSameContentIsTheSameBytes() throws {
        for name in ["a", "b"] { try sample.write(to: directory.file(name)) }
        #expect(try contents(of: "a") == contents(of: "b"))
        for name in ["c", "d"] { try sample.write(to: directory.file(name), compression: 3) }
        #expect(try contents(of: "c") == contents(of: "d"))
    }

    @Test func volumesJoinedAreTheBundle() throws {
        try sample.write(to: directory.file("whole"))
        try sample.write(to: directory.file("parts"), volumeSize: 1000)
        let parts = directory.files().filter { $0.hasPrefix("parts.0") }
        #expect(parts.count > 3)
        #expect(try parts.flatMap { try contents(of: $0) } == contents(of: "whole"))
        #expect(try parts.dropLast().allSatisfy { try contents(of: $0).count == 1000 })
    }

    @Test func theDigestsBesideItAreThoseOfSha256sum() async throws {
        try sample.write(to: directory.file("app"), volumeSize: 1000)
        let output = try await Command(
            "/usr/bin/env", ["-C", directory.path, "sha256sum", "--strict", "-c", "app.sha256"]
        ).run()
        #expect(output.contains("app.001: OK"))
    }

    @Test func tarListsIt() async throws {
        try sample.write(to: directory.file("app"))
        let output = try await Command("/usr/bin/env", ["tar", "-tf", directory.file("app")]).run()
        #expect(output.split(separator: "\n").prefix(3) == ["entrepot/catalogue.json", "oci-layout", "index.json"])
    }

    @Test(arguments: ["app.001", "app.002"]) func aMissingVolumeIsNamed(volume: String) throws {
        try sample.write(to: directory.file("app"), volumeSize: 1000)
        try FileManager.default.removeItem(atPath: directory.file(volume))
        for name in ["app", "app.001"] {
            // Else what is asked for could be taken for something else than a bundle.
            #expect(Volumes.exist(named: directory.file(name)))
            let error = try #require(throws: BundleError.self) { try BundleSample.read(directory.file(name)) }
            #expect(error.message.contains("\(volume) is missing"))
        }
        #expect(!Volumes.exist(named: directory.file("other")))
    }

    @Test func aMissingLastVolumeIsNoticed() throws {
        let path = directory.file("app")
        try sample.write(to: path, volumeSize: 1000)
        let last = try #require(directory.files().last { $0.hasPrefix("app.0") })
        try FileManager.default.removeItem(atPath: directory.file(last))
        let error = try #require(throws: BundleError.self) { try BundleSample.read(path) }
        #expect(error.message.contains("ends too early"))
    }

    @Test func onlyASignatureOfATrustedKeyIsOne() throws {
        let key = try SigningKey(pem: SigningKey.generate(.edDSA))
        let other = try SigningKey(pem: SigningKey.generate(.edDSA))
        let path = directory.file("app")
        try sample.write(to: path, signedBy: key)
        #expect(try BundleSample.read(path, trusted: [other.publicKey, key.publicKey]).0 == sample.catalogue)
        let stranger = try #require(throws: BundleError.self) {
            try BundleSample.read(path, trusted: [other.publicKey])
        }
        #expect(stranger.code == .untrusted)
        try sample.write(to: path)
        let unsigned = try #require(throws: BundleError.self) {
            try BundleSample.read(path, trusted: [key.publicKey])
        }
        #expect(unsigned.code == .untrusted)
    }

    /// Writes each variant in the place of the bundle, and returns the numbers of those in which nothing was found.
    ///
    /// On a thread of its own: others wait for those of the tests.
    private func unnoticed(
        _ count: Int, _ variant: @escaping @Sendable (Int) -> [UInt8]
    ) async throws -> [Int] {
        let path = directory.file("app")
        return try await ThreadPool.shared.run {
            try (0..<count).filter { number in
                try Data(variant(number)).write(to: URL(fileURLWithPath: path))
                do {
                    try Self.readAny(path)
                    return true
                } catch is BundleError {
                    return false
                }
            }
        }
    }

    @Test func everyFlippedBitIsNoticed() async throws {
        try sample.write(to: directory.file("app"), signedBy: try SigningKey(pem: SigningKey.generate(.edDSA)))
        let right = try contents(of: "app")
        let found = try await unnoticed(60) { _ in
            var wrong = right
            wrong[Int.random(in: 0..<wrong.count)] ^= 1 << UInt8.random(in: 0..<8)
            return wrong
        }
        #expect(found == [])
    }

    @Test func everyCutIsNoticed() async throws {
        try sample.write(to: directory.file("app"))
        let right = try contents(of: "app")
        let found = try await unnoticed(right.count / 397) { Array(right[..<($0 * 397)]) }
        #expect(found == [])
        #expect(try await unnoticed(1) { _ in right + [0] } == [])
    }

    @Test func everyFlippedBitOfACompressedBundleIsNoticed() async throws {
        try sample.write(to: directory.file("app"), compression: 3)
        let right = try contents(of: "app")
        let found = try await unnoticed(right.count / 17) { number in
            var wrong = right
            wrong[number * 17] ^= 1 << UInt8(number % 8)
            return wrong
        }
        #expect(found == [])
    }

    /// As a bundle or whatever else it looks like now, which then holds nothing that a bundle did.
    private static func readAny(_ path: String) throws {
        switch try Archive(path: path) {
        case .bundle: _ = try BundleSample.read(path)
        case .entries(let entries):
            // What has lost its first name is an archive without one; the rest of it is looked at by who imports it.
            while let entry = try entries.next() {
                guard entry.path != "entrepot/catalogue.json" else { continue }
                while try entries.read(upTo: 1 << 16) != nil {}
            }
            throw BundleError(.unknownFormat, "no bundle any more", remedy: "none")
        }
    }
}
