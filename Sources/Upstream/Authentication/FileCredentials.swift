#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOConcurrencyHelpers

/// A password in a file, read again whenever the file has changed. One that cannot be read any more leaves the last
/// password in force: files are replaced while the server runs.
public final class FileCredentials: CredentialSource {
    private struct Version: Equatable {
        let file: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    private struct State {
        var version: Version?
        var credentials: RegistryCredentials
    }

    private static let longest = 64 << 10

    private let username: String
    private let path: String
    private let state: NIOLockedValueBox<State>

    /// - Parameter password: As it was when the configuration was loaded.
    public init(username: String, path: String, password: String) {
        self.username = username
        self.path = path
        state = NIOLockedValueBox(
            State(version: nil, credentials: RegistryCredentials(username: username, password: password)))
    }

    public func credentials() -> RegistryCredentials? {
        let version = self.version()
        return state.withLockedValue { state in
            if let version, version != state.version, let password = text() {
                state = State(
                    version: version, credentials: RegistryCredentials(username: username, password: password))
            }
            return state.credentials
        }
    }

    public func renewed(after refused: RegistryCredentials?) -> RegistryCredentials? {
        // A file that was written twice within the clock's grain looks unchanged.
        state.withLockedValue { $0.version = nil }
        let credentials = credentials()
        return credentials == refused ? nil : credentials
    }

    private func version() -> Version? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Version(
            file: UInt64(status.st_ino), size: Int64(status.st_size), seconds: Int(time.tv_sec),
            nanoseconds: Int(time.tv_nsec))
    }

    private func text() -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.longest)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            guard more >= 0 else { return nil }
            if more == 0 { break }
            count += more
        }
        while count > 0, bytes[count - 1] == 0x0A || bytes[count - 1] == 0x0D { count -= 1 }
        return count > 0 ? String(validating: bytes[..<count], as: UTF8.self) : nil
    }
}
