internal import CurlClient
internal import Foundation
internal import NIOCore

/// A real `moto_server` that verifies every signature, with one bucket.
public struct MotoServer: Sendable {
    /// Where `make deps` puts it.
    private static let python = ".build/moto/bin/python3"
    private static let program = "Tests/EndToEndTests/Support/moto-server.py"

    /// Without `make deps` there is nothing to test against.
    public static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: ".build/moto/bin/moto_server") }

    public static let bucket = "entrepot-test"

    public let port: UInt16
    public let process: RunningProcess
    public let accessKeyID: String
    public let secretKey: String

    /// - Parameter isStrict: Whether it verifies signatures. Those of addresses it cannot.
    public static func start(on stage: Stage, isStrict: Bool = true) async throws -> MotoServer {
        let port = FreePorts.next()
        let process = try stage.start(
            URL(filePath: python).path, [URL(filePath: program).path, "\(port)"],
            environment: ["INITIAL_NO_AUTH_ACTION_COUNT": isStrict ? "4" : "1000000000"],
            name: "moto-\(port)")
        try await process.waitUntilReady(within: .seconds(60)) { FreePorts.isListening(port) }
        let base = "http://127.0.0.1:\(port)"
        // The first requests are not verified: they make the user that signs the others.
        let form = "Version=2010-05-08&UserName=entrepot&Action="
        let curl = CurlClient(proxies: .none)
        func iam(_ rest: String) async throws -> String {
            var request = CurlRequest(url: base, method: .post)
            request.headers = [
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization":
                    "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=b",
            ]
            request.body = ByteBuffer(string: form + rest)
            return String(buffer: try await curl.execute(request).body.collect(upTo: 1 << 20))
        }
        _ = try await iam("CreateUser")
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        let encoded = policy.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        _ = try await iam("PutUserPolicy&PolicyName=all&PolicyDocument=\(encoded)")
        let answer = try await iam("CreateAccessKey")
        func text(_ tag: String) -> String {
            answer.components(separatedBy: "<\(tag)>").dropFirst().first?.components(separatedBy: "</").first ?? ""
        }
        _ = try await curl.execute(CurlRequest(url: "\(base)/\(bucket)", method: .put, body: ByteBuffer()))
            .body.collect(upTo: 1 << 20)
        return MotoServer(
            port: port, process: process, accessKeyID: text("AccessKeyId"), secretKey: text("SecretAccessKey"))
    }
}
