import CurlClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import SigV4
import TestSupport
import Testing

@testable import S3Storage

@Suite struct CredentialTests {
    private static let curl = CurlClient(proxies: .none)

    private func found(_ environment: [String: String], now: @escaping @Sendable () -> Int64 = { 0 })
        -> RenewedCredentials
    {
        var environment = environment
        environment["HOME"] = environment["HOME"] ?? "/nowhere"
        environment["AWS_EC2_METADATA_DISABLED"] = environment["AWS_EC2_METADATA_DISABLED"] ?? "true"
        return RenewedCredentials(
            environment: environment, region: "eu-west-1", curl: Self.curl, patience: .seconds(300), now: now)
    }

    private static func json(_ id: String, _ expiry: String = "2030-01-01T00:00:00Z") -> TestResponse {
        .answer(
            text: "{\"AccessKeyId\":\"\(id)\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"\(expiry)\"}")
    }

    @Test func theEnvironmentComesFirst() async throws {
        let source = found(["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"])
        let expected = SigV4Credentials(accessKeyID: "A", secretKey: "s", sessionToken: "t")
        #expect(try await source.credentials() == S3Credentials(expected))
    }

    @Test func withoutAnyItIsSaidWhereTheyWereLookedFor() async throws {
        let error = await #expect(throws: S3Error.self) { try await found([:]).credentials() }
        #expect(error?.description.contains("AWS_WEB_IDENTITY_TOKEN_FILE, /nowhere/.aws/credentials") == true)
    }

    @Test func aProfileIsReadAndARotatedFilePickedUp() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("credentials")
        func write(_ id: String) throws {
            let text =
                "; note\n[default]\naws_access_key_id=X\n[ other ]\n# a\n aws_access_key_id = \(id) \naws_secret_access_key=s=\n"
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        try write("A")
        let source = found(["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": "other"])
        let first = try await source.credentials()
        #expect(first.credentials == SigV4Credentials(accessKeyID: "A", secretKey: "s="))
        #expect(await source.areReplaced(first) == false)
        try write("B")
        #expect(try await source.credentials() == first)
        #expect(await source.areReplaced(first))
        #expect(try await source.credentials().credentials.accessKeyID == "B")
    }

    @Test func aSecretInAFileIsReadAgainWhenItIsRefused() async throws {
        let folder = try TemporaryDirectory()
        try Data("one\n".utf8).write(to: URL(filePath: folder.file("secret")))
        let source = RenewedCredentials(
            accessKeyID: "A", secretFile: folder.file("secret"), sessionToken: nil, now: { 0 })
        let first = try await source.credentials()
        #expect(first.credentials == SigV4Credentials(accessKeyID: "A", secretKey: "one"))
        try Data("two".utf8).write(to: URL(filePath: folder.file("secret")))
        #expect(await source.areReplaced(first))
        #expect(try await source.credentials().credentials == SigV4Credentials(accessKeyID: "A", secretKey: "two"))
    }

    @Test func aContainersEndpointIsAskedOnceForAllAndAgainBeforeTheEnd() async throws {
        let time = NIOLockedValueBox<Int64>(0)
        try await ScriptedHTTPServer.run { request in
            guard request.header("authorization") == "hush" else { return .answer(403) }
            return Self.json("A", "1970-01-01T01:00:00Z")
        } _: { server in
            let source = found(
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "hush"],
                now: { time.withLockedValue { $0 } })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let credentials = try await source.credentials()
                        #expect(credentials.expiry == 3600)
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 1)
            time.withLockedValue { $0 = 3299 }
            _ = try await source.credentials()
            #expect(server.requests.count == 1)
            time.withLockedValue { $0 = 3301 }
            _ = try await source.credentials()
            #expect(server.requests.count == 2)
        }
    }

    @Test func whatStillHoldsDoesWhileNoNewOnesAreToBeHad() async throws {
        let time = NIOLockedValueBox<Int64>(0)
        let count = NIOLockedValueBox(0)
        try await ScriptedHTTPServer.run { _ in
            count.withLockedValue { $0 += 1 }
            return count.withLockedValue { $0 } == 1 ? Self.json("A", "1970-01-01T01:00:00Z") : .answer(500)
        } _: { server in
            let source = found(
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/c"], now: { time.withLockedValue { $0 } })
            let first = try await source.credentials()
            time.withLockedValue { $0 = 3500 }
            #expect(try await source.credentials() == first)
            time.withLockedValue { $0 = 3590 }
            await #expect(throws: S3Error.self) { try await source.credentials() }
        }
    }

    /// Nothing of this waits for an endpoint that does not answer, or that has nothing better.
    @Test func nobodyWaitsForNewOnesAsLongAsThoseAtHandDo() async throws {
        let time = NIOLockedValueBox<Int64>(0)
        let count = NIOLockedValueBox(0)
        try await ScriptedHTTPServer.run { _ in
            count.withLockedValue { $0 += 1 }
            return count.withLockedValue { $0 } == 1
                ? Self.json("A", "1970-01-01T01:00:00Z")
                : TestResponse(
                    steps: [
                        .bytes(ByteBuffer(string: "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"))
                    ])
        } _: { server in
            let (renewals, renewing) = AsyncStream<@Sendable () async -> Void>.makeStream()
            let source = RenewedCredentials(
                environment: [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/c", "AWS_EC2_METADATA_DISABLED": "true",
                ], region: "eu-west-1", curl: Self.curl,
                background: {
                    renewing.yield($0)
                    return true
                }, now: { time.withLockedValue { $0 } })
            let first = try await source.credentials()
            time.withLockedValue { $0 = 3400 }
            for _ in 0..<20 { #expect(try await source.credentials() == first) }
            // One of them had it renewed; and when that has failed, nobody does for a while.
            var iterator = renewals.makeAsyncIterator()
            await iterator.next()?()
            for _ in 0..<20 { #expect(try await source.credentials() == first) }
            #expect(await source.areReplaced(first) == false)
            #expect(server.requests.count == 2)
            time.withLockedValue { $0 = 3411 }
            #expect(try await source.credentials() == first)
            await iterator.next()?()
            #expect(server.requests.count == 3)
        }
    }

    @Test func whoHasNothingBetterIsNotAskedByEachRequest() async throws {
        let time = NIOLockedValueBox<Int64>(3400)
        try await ScriptedHTTPServer.run { _ in
            Self.json("A", "1970-01-01T01:00:00Z")
        } _: { server in
            let source = found(
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/c"], now: { time.withLockedValue { $0 } })
            for _ in 0..<20 {
                let held = try await source.credentials()
                #expect(await source.areReplaced(held) == false)
            }
            #expect(server.requests.count == 1)
            time.withLockedValue { $0 = 3411 }
            _ = try await source.credentials()
            #expect(server.requests.count == 2)
        }
    }

    @Test func anInstanceIsAskedWithAToken() async throws {
        try await ScriptedHTTPServer.run { request in
            switch (request.method, request.path) {
            case ("PUT", "/latest/api/token"): return .answer(text: "token")
            case ("GET", _) where request.header("x-aws-ec2-metadata-token") != "token": return .answer(401)
            case ("GET", "/latest/meta-data/iam/security-credentials/"): return .answer(text: "role\n")
            case ("GET", "/latest/meta-data/iam/security-credentials/role"): return Self.json("I")
            default: return .answer(404)
            }
        } _: { server in
            let source = found(
                ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "AWS_EC2_METADATA_DISABLED": "false"])
            let found = try await source.credentials()
            #expect(found.credentials.accessKeyID == "I")
        }
    }

    @Test func aWebIdentityIsExchanged() async throws {
        let folder = try TemporaryDirectory()
        try Data("a.b/c+d=\n".utf8).write(to: URL(filePath: folder.file("token")))
        try await ScriptedHTTPServer.run { request in
            let form = String(buffer: request.body)
            guard form.contains("WebIdentityToken=a.b%2Fc%2Bd%3D"), form.contains("RoleArn=arn%3Aaws%3Ax"),
                request.header("authorization") == nil
            else { return .answer(400) }
            return .answer(
                text: """
                    <AssumeRoleWithWebIdentityResponse xmlns="x"><AssumeRoleWithWebIdentityResult><Credentials>
                    <AccessKeyId>W</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
                    <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>
                    """)
        } _: { server in
            let source = found([
                "AWS_WEB_IDENTITY_TOKEN_FILE": folder.file("token"), "AWS_ROLE_ARN": "arn:aws:x",
                "AWS_ENDPOINT_URL_STS": server.url,
            ])
            let found = try await source.credentials()
            #expect(found.credentials == SigV4Credentials(accessKeyID: "W", secretKey: "s", sessionToken: "t"))
            #expect(found.expiry == 1_893_456_000)
        }
    }

    @Test(arguments: ["{}", "", "<html>", "{\"AccessKeyId\":1}"])
    func whatIsNoCredentialsIsAnError(text: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: text)
        } _: { server in
            let source = found(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/c"])
            await #expect(throws: S3Error.self) { try await source.credentials() }
        }
    }
}
