import FoundationEssentials
import NIOCore
import S3Storage
import Storage

/// Tries a store with everything that the server will ask of it.
final class StorageTrial {
    struct Step {
        enum Outcome: String {
            case ok
            /// It works, and something is not as it could be.
            case odd
            case failed = "FAILED"
        }

        let name: String
        let outcome: Outcome
        let duration: Duration
        let finding: String
    }

    private struct UnexpectedError: Error, CustomStringConvertible {
        let description: String
    }

    private let report: (Step) -> Void
    private(set) var failures = 0
    private let folder: String

    init(report: @escaping (Step) -> Void) {
        self.report = report
        folder = ".entrepot/test/\(UUID().uuidString.lowercased())"
    }

    func note(_ name: String, _ outcome: Step.Outcome, _ finding: String, duration: Duration = .zero) {
        if outcome == .failed { failures += 1 }
        report(Step(name: name, outcome: outcome, duration: duration, finding: finding))
    }

    func run(_ store: any ObjectStore) async {
        let small = ByteBuffer(string: "entrepot")
        let large = Self.pattern(store.appendSize + (1 << 20))
        await step("write") {
            try await store.write(try key("b/small"), small, .durable)
            try await store.write(try key("b-c"), ByteBuffer(), .cached)
            return "two objects, one of them empty"
        }
        await step("read") {
            let found = try await store.read(try key("b/small"), limit: 100)
            try expect(found?.bytes == small, "what was written was not read back")
            try expect(try await store.read(try key("none"), limit: 100) == nil, "what is absent was found")
            return "the same bytes"
        }
        await step("list") {
            let names = try await store.list(try key(""), after: nil, limit: 10)
            try expect(names == ["b", "b-c"], "found \(names) in the place of b and b-c")
            return "in order"
        }
        await step("multipart") {
            let path = FileManager.default.temporaryDirectory.appending(path: "entrepot-\(UUID().uuidString)").path
            try Data(large.readableBytesView).write(to: URL(filePath: path))
            try await store.adopt(file: path, as: try key("large"), .cached)
            try expect(
                try await store.info(try key("large"))?.size == Int64(large.readableBytes), "it has another size")
            return "\(large.readableBytes) bytes"
        }
        await step("range") {
            for range in [0..<1, 65_530..<65_550, Int64(large.readableBytes) - 7..<Int64(large.readableBytes)] {
                let part = try await Self.bytes(store, try key("large"), range)
                let expected = large.getSlice(at: large.readerIndex + Int(range.lowerBound), length: range.count)
                try expect(part == expected, "other bytes than those of \(range)")
            }
            return "beginning, middle and end"
        }
        await step("grow") {
            let growing = try key("_uploads/1/data")
            let cut = store.appendSize
            for range in [0..<cut, cut..<cut + 5, cut + 5..<large.readableBytes] {
                guard let piece = large.getSlice(at: large.readerIndex + range.lowerBound, length: range.count) else {
                    continue
                }
                try await store.append(growing, piece, at: Int64(range.lowerBound))
            }
            return "in three steps"
        }
        await step("copy") {
            try await store.move(try key("_uploads/1/data"), to: try key("grown"), .durable)
            let all = try await Self.bytes(store, try key("grown"), 0..<Int64(large.readableBytes))
            try expect(all == large, "other bytes than those that were sent")
            try await store.move(try key("b-c"), to: try key("moved"), .cached)
            try expect(try await store.info(try key("b-c")) == nil, "the source is still there")
            return "whole, and the source gone"
        }
        if let bucket = store as? S3Store { await run(bucket) }
        await step("delete") {
            guard let whole = ObjectKey(folder) else { return "" }
            try await store.delete(whole)
            try expect(try await store.list(whole, after: nil, limit: 10).isEmpty, "something is left")
            return "nothing is left"
        }
    }

    private func run(_ bucket: S3Store) async {
        await step("address") {
            try expect(
                try await bucket.servesAddresses(try key("b/small")), "an address that is signed is not served",
                or: "blob_redirect cannot be used")
            return "works without credentials"
        }
        let found = bucket.diagnosis
        if found.keepsConditions {
            note("conditions", .ok, "If-None-Match is kept to")
        } else {
            note("conditions", .odd, "If-None-Match is not kept to: let one server alone collect garbage")
        }
        if abs(found.clockOffset) > 60 {
            note("clock", .odd, "differs by \(found.clockOffset) s and is followed; correct this machine's")
        } else {
            note("clock", .ok, "within what the store takes")
        }
        note("region", .ok, found.region)
    }

    private struct MinorError: Error { let finding: String }

    private func step(_ name: String, _ work: () async throws -> String) async {
        let start = ContinuousClock.now
        do {
            let finding = try await work()
            note(name, .ok, finding, duration: start.duration(to: .now))
        } catch let error as MinorError {
            note(name, .odd, error.finding, duration: start.duration(to: .now))
        } catch {
            note(name, .failed, "\(error)", duration: start.duration(to: .now))
        }
    }

    private func key(_ name: String) throws -> ObjectKey {
        guard let key = ObjectKey(name.isEmpty ? folder : "\(folder)/\(name)") else {
            throw UnexpectedError(description: "no key")
        }
        return key
    }

    /// - Parameter consequence: What cannot be used, where the server can do without.
    private func expect(_ isSo: Bool, _ otherwise: String, or consequence: String? = nil) throws {
        guard !isSo else { return }
        if let consequence { throw MinorError(finding: "\(otherwise): \(consequence)") }
        throw UnexpectedError(description: otherwise)
    }

    private static func bytes(
        _ store: any ObjectStore, _ key: ObjectKey, _ range: Range<Int64>
    ) async throws -> ByteBuffer? {
        switch try await store.content(key) {
        case .bytes(let bytes):
            bytes.getSlice(at: bytes.readerIndex + Int(range.lowerBound), length: range.count)
        case .file(let file, _): file.bytes(at: range.lowerBound, count: range.count)
        case .remote(let object): try await object.body(range).collect()
        case nil: nil
        }
    }

    /// Bytes in which no two places close to each other look alike.
    private static func pattern(_ count: Int) -> ByteBuffer {
        let block = ByteBuffer(bytes: (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 5) })
        var buffer = ByteBuffer()
        buffer.reserveCapacity(count)
        while buffer.readableBytes < count {
            buffer.writeImmutableBuffer(
                block.getSlice(at: 0, length: min(4093, count - buffer.readableBytes)) ?? block)
        }
        return buffer
    }
}
