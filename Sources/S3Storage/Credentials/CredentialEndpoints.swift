internal import CurlClient
internal import NIOCore
internal import SigV4

/// The endpoint that ECS, EKS and Greengrass name in the environment of a container.
struct ContainerEndpoint: CredentialProvider {
    let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    let isDistant = true
    let environment: [String: String]
    let curl: CurlClient
    let patience: Duration

    func fetch() async throws(S3Error) -> S3Credentials? {
        let url: String
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], path.hasPrefix("/") {
            url = "http://169.254.170.2" + path
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !full.isEmpty {
            url = full
        } else {
            return nil
        }
        var request = CurlRequest(url: url, settings: .near(patience))
        let token =
            environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].flatMap(CredentialFiles.secret)
            ?? environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        if let token { request.headers.append("Authorization", token) }
        return try await CredentialAnswer.read(try await curl.ask(request), "the container's credentials endpoint")
    }
}

/// The metadata service of an EC2 instance, in its second version: a token first.
struct InstanceEndpoint: CredentialProvider {
    let name = "the instance's metadata service"
    let isDistant = true
    let environment: [String: String]
    let curl: CurlClient
    let patience: Duration

    private var base: String { environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254" }

    func fetch() async throws(S3Error) -> S3Credentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        var request = CurlRequest(
            url: base + "/latest/api/token", method: .put, body: ByteBuffer(), settings: .near(patience))
        request.headers.append("X-aws-ec2-metadata-token-ttl-seconds", "300")
        let answer: CurlResponse
        // Where nobody answers there is no such service.
        do throws(S3Error) { answer = try await curl.ask(request) } catch { return nil }
        guard answer.status == 200 else { return nil }
        let token = try await CredentialAnswer.text(answer, name)
        let folder = base + "/latest/meta-data/iam/security-credentials/"
        let roles = try await get(folder, token)
        guard roles.status == 200 else { return nil }
        let names = try await CredentialAnswer.text(roles, name)
        guard let role = names.split(whereSeparator: \.isNewline).first,
            role.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "/") })
        else { return nil }
        return try await CredentialAnswer.read(try await get(folder + role, token), name)
    }

    private func get(_ url: String, _ token: String) async throws(S3Error) -> CurlResponse {
        var request = CurlRequest(url: url, settings: .near(patience))
        request.headers.append("X-aws-ec2-metadata-token", token)
        return try await curl.ask(request)
    }
}

/// A token that Kubernetes writes into a file, exchanged for credentials of a role.
struct WebIdentity: CredentialProvider {
    let name = "AWS_WEB_IDENTITY_TOKEN_FILE"
    let isDistant = true
    let environment: [String: String]
    let region: String
    let curl: CurlClient
    let patience: Duration

    func fetch() async throws(S3Error) -> S3Credentials? {
        guard let path = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], !path.isEmpty,
            let role = environment["AWS_ROLE_ARN"], !role.isEmpty
        else { return nil }
        guard let token = CredentialFiles.secret(path) else {
            throw S3Error(.denied, "the file '\(path)' holds no token; see AWS_WEB_IDENTITY_TOKEN_FILE")
        }
        let form = SigV4Request(
            method: "POST", path: "/",
            query: [
                .init("Action", "AssumeRoleWithWebIdentity"), .init("Version", "2011-06-15"), .init("RoleArn", role),
                .init("RoleSessionName", environment["AWS_ROLE_SESSION_NAME"] ?? "entrepot"),
                .init("WebIdentityToken", token),
            ]
        ).encodedQuery
        let base = environment["AWS_ENDPOINT_URL_STS"] ?? "https://sts.\(region).amazonaws.com"
        var request = CurlRequest(
            url: base + "/", method: .post, body: ByteBuffer(string: form), settings: .near(patience))
        request.headers.append("Content-Type", "application/x-www-form-urlencoded")
        let text = try await CredentialAnswer.text(try await curl.ask(request), "the token service of AWS")
        guard let root = try? XMLParser.parse(Array(text.utf8)),
            let found = root.first("AssumeRoleWithWebIdentityResult")?.first("Credentials"),
            let id = found["AccessKeyId"], let secret = found["SecretAccessKey"]
        else { throw S3Error(.invalidAnswer, "the token service of AWS answered with something else than credentials") }
        return S3Credentials(
            SigV4Credentials(accessKeyID: id, secretKey: secret, sessionToken: found["SessionToken"]),
            expiry: found["Expiration"].flatMap(ISODate.seconds))
    }
}

extension CurlClient {
    fileprivate func ask(_ request: CurlRequest) async throws(S3Error) -> CurlResponse {
        do throws(CurlError) { return try await execute(request) } catch { throw S3Error(error) }
    }
}

extension CurlSettings {
    /// For what is on this machine, or next to it.
    fileprivate static func near(_ patience: Duration) -> CurlSettings {
        CurlSettings(connectTimeout: .seconds(2), totalTimeout: patience, allowsHTTP2: false)
    }
}
