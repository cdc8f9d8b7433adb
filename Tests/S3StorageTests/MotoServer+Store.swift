import CurlClient
import Foundation
import SigV4
import Storage
import TestSupport
import Testing
import Threads

@testable import S3Storage

extension S3Settings {
    static func test(_ authority: String, bucket: String, prefix: String = "") -> S3Settings {
        S3Settings(
            isSecure: false, authority: authority, bucket: bucket, region: "us-east-1", keyPrefix: prefix,
            usesPathStyle: true, partSize: 8 << 20, hasUniformParts: false, copyThreshold: 5 << 30,
            copyChunkSize: 100 << 20, copyJobs: 4, maxAttempts: 5, connectTimeout: .seconds(5),
            stallTimeout: .seconds(30))
    }
}

extension MotoServer {
    @TaskLocal static var current: MotoServer?
    private static let curl = CurlClient(proxies: .none)

    var credentials: SigV4Credentials { SigV4Credentials(accessKeyID: accessKeyID, secretKey: secretKey) }

    func settings(prefix: String = "", _ adjust: (inout S3Settings) -> Void = { _ in }) -> S3Settings {
        var settings = S3Settings.test("127.0.0.1:\(port)", bucket: Self.bucket, prefix: prefix)
        adjust(&settings)
        return settings
    }

    func client(_ settings: S3Settings, _ other: SigV4Credentials? = nil) -> S3Client {
        S3Client(
            settings, credentials: FixedCredentials(other ?? credentials), curl: Self.curl,
            now: { Int64(Date().timeIntervalSince1970) })
    }

    func store(_ settings: S3Settings) -> S3Store {
        S3Store(client(settings), pool: .shared) { $0.path.hasSuffix("/data") ? .growing : .any }
    }
}

/// One server for all tests of a suite.
struct MotoTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Stage.with { stage in
            try await MotoServer.$current.withValue(try await MotoServer.start(on: stage)) { try await function() }
        }
    }
}

extension Trait where Self == MotoTrait {
    static var moto: MotoTrait { MotoTrait() }
}
