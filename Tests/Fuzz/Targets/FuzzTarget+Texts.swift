internal import CEL
internal import OCI
internal import TextEncodings
internal import Tokens

@testable internal import Configuration

extension FuzzTarget {
    /// What is read is written so that it reads the same again.
    static func readTOML(_ bytes: [UInt8]) throws(FuzzFinding) {
        guard let text = String(validating: bytes, as: UTF8.self), let node = try? TOMLDocument.parse(text, file: "a")
        else { return }
        _ = node.table?.count
        // Files that are named would be read, and what is secret is not written.
        guard !["/", "file", "password", "\\"].contains(where: text.contains),
            let configuration = try? ConfigurationLoader.load(text: text)
        else { return }
        let written = configuration.toml()
        do throws(ConfigurationProblems) {
            let again = try ConfigurationLoader.load(text: written)
            guard again.toml() == written else { throw ConfigurationProblems([]) }
        } catch {
            throw FuzzFinding("what was written reads back as something else: \(error)")
        }
    }

    private static let environment = CELEnvironment(
        variables: [
            VariableDeclaration("s", .string), VariableDeclaration("n", .int),
            VariableDeclaration("list", .list(.string)),
            VariableDeclaration("none", .nullable(.string)),
        ], limits: Limits(sourceBytes: 4096, cost: 2_000))

    static func readCEL(_ bytes: [UInt8]) throws(FuzzFinding) {
        let text = text(bytes)
        if let program = try? environment.compile(text) { evaluate(program) }
        if let program = try? environment.compileUnchecked(text) { evaluate(program) }
    }

    private static func evaluate(_ program: Program) {
        var activation = environment.activation()
        activation["s"] = .string("docker.io/library/debian")
        activation["n"] = .int(7)
        activation["list"] = .list([.string("a"), .string("b")])
        activation["none"] = .null
        _ = try? program.evaluate(activation)
    }

    private static let keys: TokenKeys? = (try? SigningKey.generate(.edDSA)).flatMap { try? SigningKey(pem: $0) }
        .map { TokenKeys(signing: $0) }

    /// Nobody's token is believed; claims are read that the right key has signed, whatever they say.
    static func readToken(_ bytes: [UInt8]) throws(FuzzFinding) {
        guard let keys, let service = ServiceName("registry") else { throw FuzzFinding("no key can be made") }
        let verifier = TokenVerifier(issuer: "us", audience: service, keys: keys, remembers: 2)
        if (try? verifier.verify(text(bytes), now: 1_700_000_000)) != nil { throw FuzzFinding("a forged token") }
        _ = ScopeParser.parse([text(bytes)])
        let header = #"{"typ":"JWT","alg":"EdDSA","kid":"\#(keys.id)"}"#
        let signed = "\(Base64.url.encode(header.utf8)).\(Base64.url.encode(bytes))"
        guard let signature = try? keys.signing.signature(for: Array(signed.utf8)) else { return }
        guard let token = try? verifier.verify("\(signed).\(Base64.url.encode(signature))", now: 1_700_000_000) else {
            return
        }
        guard token.expires > 1_700_000_000 - 600 else { throw FuzzFinding("a token that is over") }
    }
}
