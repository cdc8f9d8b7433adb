#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import FoundationEssentials
internal import NIOCore
public import OCI
internal import TextEncodings
public import Upstream

/// The credentials that docker, podman and their like keep: `config.json` and `auth.json`, with the credential helpers that they
/// name. Read when they are asked for.
public struct AuthFiles: Sendable {
    private let paths: [String]
    private let environment: [String: String]
    private let mustExist: Bool

    /// - Parameters:
    ///   - paths: Looked into in this order.
    ///   - mustExist: Whether one that does not exist is an error, and not passed over.
    public init(paths: [String], environment: [String: String], mustExist: Bool = false) {
        self.paths = paths
        self.environment = environment
        self.mustExist = mustExist
    }

    /// Where podman and docker look: `REGISTRY_AUTH_FILE`, or `$XDG_RUNTIME_DIR/containers/auth.json`,
    /// `~/.config/containers/auth.json`, `$DOCKER_CONFIG/config.json` and `~/.docker/config.json`.
    public init(environment: [String: String]) {
        var paths: [String] = []
        if let file = environment["REGISTRY_AUTH_FILE"], !file.isEmpty {
            paths = [file]
        } else {
            if let folder = environment["XDG_RUNTIME_DIR"] { paths.append(folder + "/containers/auth.json") }
            let home = environment["HOME"]
            if let folder = environment["XDG_CONFIG_HOME"] ?? home.map({ $0 + "/.config" }) {
                paths.append(folder + "/containers/auth.json")
            }
            if let folder = environment["DOCKER_CONFIG"] ?? home.map({ $0 + "/.docker" }) {
                paths.append(folder + "/config.json")
            }
        }
        self.init(paths: paths, environment: environment)
    }

    /// Whom to be at a registry; nil for nobody.
    ///
    /// - Parameters:
    ///   - authority: Host and port.
    ///   - repository: For files that tell repositories apart, the most exact one counts.
    /// - Throws: ``AuthFileError`` where a file cannot be read or says nothing that can be used, or is missing and must exist.
    public func source(
        for authority: String, _ repository: RepositoryName? = nil
    ) throws(AuthFileError) -> (any CredentialSource)? {
        for path in paths {
            guard let file = try AuthFile(path) else {
                guard !mustExist else { throw AuthFileError(path: path, reason: "is not there") }
                continue
            }
            for key in Self.keys(authority, repository) {
                if let helper = file.credHelpers?[key] { return try helperSource(helper, key, path) }
                guard let entry = file.auths?.first(where: { Self.place($0.key) == key }) else { continue }
                if let credentials = try entry.value.credentials(path) { return GivenCredentials(credentials) }
                // An entry without a password says that the helper has it.
                if let helper = file.credsStore, !helper.isEmpty { return try helperSource(helper, entry.key, path) }
            }
        }
        return nil
    }

    /// From the most exact to the host.
    private static func keys(_ authority: String, _ repository: RepositoryName?) -> [String] {
        let host = authority == "registry-1.docker.io" || authority == "docker.io" ? "index.docker.io" : authority
        let parts = repository?.components ?? []
        let exact = (0..<parts.count).map { ([Substring(host)] + parts.dropLast($0)).joined(separator: "/") }
        return exact + [host] + (host == "index.docker.io" ? ["docker.io", "registry-1.docker.io"] : [])
    }

    /// `https://index.docker.io/v1/` and the like are their host.
    private static func place(_ key: String) -> String {
        var text = key[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        for end in ["/v1/", "/v2/", "/v1", "/v2", "/"] where text.hasSuffix(end) {
            text = text.dropLast(end.count)
            break
        }
        return String(text)
    }

    private func helperSource(
        _ name: String, _ key: String, _ path: String
    ) throws(AuthFileError) -> any CredentialSource {
        // A name and no path: the file may have been written by somebody else.
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2F })
        else {
            throw AuthFileError(path: path, reason: "names a credential helper that is none")
        }
        let isHub = Self.place(key) == "index.docker.io"
        return CredentialHelper(
            program: program("docker-credential-\(name)"), server: isHub ? "https://index.docker.io/v1/" : key,
            environment: HelperEnvironment.variables(of: environment, without: []), timeLimit: .seconds(30))
    }

    /// As it lies on the search path of the environment that is told here.
    private func program(_ name: String) -> String {
        let folders = environment["PATH"]?.split(separator: ":") ?? []
        return folders.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }
}

/// What is wrong with a file of credentials. Says nothing of what is in it.
public struct AuthFileError: Error, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "\(path) \(reason)" }
}

/// A user name and password that do not change.
public struct GivenCredentials: CredentialSource {
    private let given: RegistryCredentials

    public init(_ credentials: RegistryCredentials) { given = credentials }

    public func credentials() -> RegistryCredentials? { given }

    public func renewed(after refused: RegistryCredentials?) -> RegistryCredentials? { nil }
}

/// `config.json` of docker, `auth.json` of podman: of what is in there, this.
private struct AuthFile: Decodable {
    struct Entry: Decodable {
        let auth: String?
        let username: String?
        let password: String?
        let identitytoken: String?

        func credentials(_ path: String) throws(AuthFileError) -> RegistryCredentials? {
            if let identitytoken, !identitytoken.isEmpty {
                return RegistryCredentials(identityToken: identitytoken)
            }
            if let auth, !auth.isEmpty {
                guard let bytes = Base64.standard.decode(auth.utf8),
                    let text = String(validating: bytes, as: UTF8.self),
                    let colon = text.firstIndex(of: ":")
                else { throw AuthFileError(path: path, reason: "has an entry whose 'auth' cannot be read") }
                let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
                return RegistryCredentials(username: String(text[..<colon]), password: String(password))
            }
            guard let username, let password else { return nil }
            return RegistryCredentials(username: username, password: password)
        }
    }

    let auths: [String: Entry]?
    let credsStore: String?
    let credHelpers: [String: String]?

    private static let mostBytes = 1 << 20

    /// Nil where there is no such file.
    init?(_ path: String) throws(AuthFileError) {
        // Not the attributes of Foundation: whether a size there is an Int depends on how the program is linked.
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno != ENOENT, errno != ENOTDIR else { return nil }
            throw AuthFileError(path: path, reason: "cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw AuthFileError(path: path, reason: "is not a regular file")
        }
        guard status.st_size <= Self.mostBytes else {
            throw AuthFileError(path: path, reason: "is larger than \(Self.mostBytes) bytes")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw AuthFileError(path: path, reason: "cannot be read: check its permissions")
        }
        do {
            self = try JSONDecoder().decode(AuthFile.self, from: data)
        } catch {
            throw AuthFileError(path: path, reason: "is no file of credentials")
        }
    }
}
