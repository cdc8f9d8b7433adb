#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import ChildProcesses
import FoundationEssentials
import Threads

/// A command that is carried out elsewhere: a line of JSON, and after it the bytes of a file, if there is one.
struct SurrogateOrder: Codable {
    /// In the place of the file's path.
    static let fileMark = "{file}"
    static let longestLine = 64 << 10

    var arguments: [String]
    /// The file's own name; nil if none comes.
    var file: String?

    /// Has it carried out, and ends with what it ends with.
    ///
    /// - Parameters:
    ///   - path: The file that goes along; `-` is standard input, nil none.
    ///   - output: Where its output is written to; nil for standard output.
    func carryOut(by route: SurrogateRoute, sending path: String?, to output: String?) async throws {
        // Who does not read any more is told by the call that writes.
        signal(SIGPIPE, SIG_IGN)
        let status = try await ThreadPool.shared.run { try start(route, path, output) }
        guard status == 0 else { throw ExitCode(status) }
    }

    private func start(_ route: SurrogateRoute, _ path: String?, _ output: String?) throws -> Int32 {
        let source = path.map { $0 == "-" ? STDIN_FILENO : open($0, O_RDONLY | O_CLOEXEC) }
        guard source ?? 0 >= 0 else { throw Self.failure("\(path ?? "") cannot be opened") }
        let partial = output.map { $0 + ".partial-\(UUID().uuidString.prefix(8))" }
        let target = partial.map { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
        guard target ?? 0 >= 0 else { throw Self.failure("\(output ?? "") cannot be written") }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Self.failure("there is no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let command = route.command
        let launch = ChildLaunch(
            command[0], Array(command.dropFirst()), environment: ProcessInfo.processInfo.environment,
            input: .descriptor(ends[0]), output: .descriptor(target ?? STDOUT_FILENO),
            errors: .descriptor(STDERR_FILENO))
        let started = launch.start()
        close(ends[0])
        guard case .success(let process) = started else {
            close(ends[1])
            if let partial { unlink(partial) }
            throw Self.failure("\(command[0]) cannot be started: check that it is installed")
        }
        send(ends[1], source)
        close(ends[1])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        // What a shell says of a program that was killed.
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        if let partial, let output {
            guard code == 0, rename(partial, output) == 0 else {
                unlink(partial)
                return code == 0 ? 1 : code
            }
        }
        return code
    }

    /// As far as it is read; what was not is told by how the program ends.
    private func send(_ descriptor: Int32, _ source: Int32?) {
        guard var line = try? JSONEncoder().encode(self) else { return }
        line.append(0x0A)
        guard line.withUnsafeBytes({ Self.write($0, to: descriptor) }), let source else { return }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0,
                buffer.withUnsafeBytes({ Self.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: descriptor) })
            else { return }
        }
    }

    /// The order that comes on standard input; what follows it is left there.
    static func received() throws -> SurrogateOrder {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < longestLine {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { break }
            if byte == 0x0A {
                guard let order = try? JSONDecoder().decode(SurrogateOrder.self, from: Data(line)) else { break }
                return order
            }
            line.append(byte)
        }
        throw failure("this is for 'entrepot image --via' at the other end of a pipe, which sent no order")
    }

    /// Writes the file that follows the order.
    static func receive(to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("\(path) cannot be written") }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("standard input cannot be read") }
            if count == 0 { return }
            guard buffer.withUnsafeBytes({ write(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: descriptor) })
            else {
                throw failure("\(path) cannot be written")
            }
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = systemWrite(descriptor, rest)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    static func failure(_ what: String) -> ExitCode {
        StandardError.write("entrepot: \(what)\n")
        return .failure
    }
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}
