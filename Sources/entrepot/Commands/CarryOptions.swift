import ArgumentParser
import Bundle
import Configuration
import FoundationEssentials
import OCI
import Registry
import Storage
import Tokens
import Transfer

/// What the commands share that carry images between sites: they work on the configuration's store itself, whether a
/// server has it open or not.
struct CarryOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @OptionGroup var progress: ProgressOptions

    /// - Throws: `ExitCode.failure`, said why, if there is no store.
    func loaded() throws -> Configuration {
        let configuration = try self.configuration.load()
        if case .fileSystem(let directory) = configuration.storage, !FileManager.default.fileExists(atPath: directory) {
            StandardError.write("entrepot: there is no store at \(directory); see storage.fs.root_dir\n")
            throw ExitCode.failure
        }
        return configuration
    }

    /// Runs `body`, and says what went wrong.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.write("entrepot: \(error)\n")
            throw ExitCode.failure
        }
    }

    /// Lines of a file that say something, without what follows `#`.
    static func lines(_ path: String) throws -> [String] {
        try text(path).split(whereSeparator: \.isNewline).map { line in
            line.prefix { $0 != "#" }.trimmingPrefix { $0.isWhitespace }
        }.map { line in String(line.prefix { !$0.isWhitespace }) }.filter { !$0.isEmpty }
    }

    /// A list of more than a million digests.
    private static let longestList = DataSize.mebibytes(128)

    /// - Parameter path: `-` for standard input.
    static func text(_ path: String) throws -> String {
        do throws(BoundedFileError) {
            let bytes =
                path == "-"
                ? try BoundedFile.readStandardInput(limit: longestList)
                : try BoundedFile.read(path, limit: longestList, waits: true)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            StandardError.write("entrepot: \(path) is not UTF-8 text\n")
        } catch {
            StandardError.write("entrepot: \(path) \(error.message)\n")
        }
        throw ExitCode.failure
    }

    /// The images that are meant.
    ///
    /// - Throws: `ExitCode.failure`, said why, if a name or a pattern means none.
    static func chosen(
        from held: HeldImages, _ namespaces: Namespaces, all isAll: Bool, _ names: [String], lists: [String]
    ) async throws -> [HeldImages.Image] {
        if isAll {
            let images = try await held.all()
            if !images.isEmpty { return images }
            StandardError.write("entrepot: the store holds no tag at all\n")
            throw ExitCode.failure
        }
        let patterns = try names.map(pattern) + lists.flatMap { try Self.patterns(inList: $0, namespaces) }
        let chosen = try await held.matching(patterns)
        for pattern in chosen.unmatched { StandardError.write("entrepot: the store holds nothing of \(pattern)\n") }
        guard chosen.unmatched.isEmpty else { throw ExitCode.failure }
        guard !chosen.images.isEmpty else {
            StandardError.write("entrepot: the lists name no image\n")
            throw ExitCode.failure
        }
        return chosen.images
    }

    /// What a list names, of any kind that ``ImageList`` reads.
    ///
    /// - Parameter keys: Further keys behind which names stand.
    static func patterns(
        inList path: String, _ namespaces: Namespaces, keys: [String] = []
    ) throws -> [ImagePattern] {
        try ImageList(try text(path), keys: keys).names.map { name in
            if let pattern = namespaces.pattern(named: name) { return pattern }
            StandardError.write("entrepot: '\(name.prefix(200))' in \(path) is no image\n")
            throw ExitCode.failure
        }
    }

    static func pattern(_ text: String) throws -> ImagePattern {
        if let pattern = ImagePattern(text) { return pattern }
        throw ValidationError("'\(text)' is no image: write NAME:TAG, NAME@DIGEST, NAME:1.2* or PREFIX/.")
    }

    static func trustedKeys(_ paths: [String]) throws -> [VerificationKey] {
        try paths.map { path in
            let key: VerificationKey
            do {
                guard let data = FileManager.default.contents(atPath: path) else {
                    throw KeyError(.notPEM, "cannot be read", remedy: "check the path")
                }
                key = try VerificationKey(pem: String(decoding: data, as: UTF8.self))
            } catch {
                StandardError.write("entrepot: \(path) \(error)\n")
                throw ExitCode.failure
            }
            try checkKind(key.algorithm, path)
            return key
        }
    }

    func signingKey(_ path: String) throws -> SigningKey {
        let text = try configuration.secret(path).reveal()
        do {
            let key = try SigningKey(pem: text)
            try Self.checkKind(key.algorithm, path)
            return key
        } catch let error as KeyError {
            StandardError.write("entrepot: \(path) \(error)\n")
            throw ExitCode.failure
        }
    }

    private static func checkKind(_ algorithm: SignatureAlgorithm, _ path: String) throws {
        guard algorithm == .edDSA else {
            StandardError.write(
                "entrepot: \(path) is no Ed25519 key; make one with 'entrepot token keygen --alg EdDSA --key FILE'\n")
            throw ExitCode.failure
        }
    }
}
