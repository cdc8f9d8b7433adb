#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif
internal import ChildProcesses
internal import FoundationEssentials

/// One run of a program that carries an order and what comes back. Blocks: for threads that may.
struct SurrogateCall {
    enum Output {
        case standard
        case file(String)
        /// At most ``SurrogateCall/mostAnswer`` bytes.
        case memory
    }

    static let mostAnswer = 64 << 20

    let order: SurrogateOrder
    let route: SurrogateRoute

    /// - Returns: What came back, if it was to be held in memory.
    func run(sending path: String?, to output: Output) throws(SurrogateError) -> [UInt8] {
        // Who does not read any more is told by the call that writes.
        signal(SIGPIPE, SIG_IGN)
        let source = try path.map { path throws(SurrogateError) in try Self.source(path) }
        defer { if let source, source != STDIN_FILENO { close(source) } }
        switch output {
        case .standard: try perform(source, STDOUT_FILENO)
        case .file(let path): try perform(source, toFile: path)
        case .memory: return try answer(source)
        }
        return []
    }

    private static func source(_ path: String) throws(SurrogateError) -> Int32 {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SurrogateError(.here, "\(path) cannot be opened") }
        return descriptor
    }

    // MARK: Where the output goes

    private func perform(_ source: Int32?, _ output: Int32) throws(SurrogateError) {
        let process = try start(source, output)
        try Self.check(Self.status(of: process))
    }

    /// Nobody sees half of it.
    private func perform(_ source: Int32?, toFile path: String) throws(SurrogateError) {
        let partial = path + ".partial-\(UUID().uuidString.prefix(8))"
        let target = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard target >= 0 else { throw SurrogateError(.here, "\(path) cannot be written") }
        defer { close(target) }
        do throws(SurrogateError) {
            try perform(source, target)
            guard rename(partial, path) == 0 else { throw SurrogateError(.here, "\(path) cannot be written") }
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func answer(_ source: Int32?) throws(SurrogateError) -> [UInt8] {
        let (reading, writing) = try Self.pipe()
        defer { close(reading) }
        let process: Int32
        do throws(SurrogateError) {
            // A surrogate takes all that is sent before it has anything to say.
            process = try start(source, writing)
        } catch {
            close(writing)
            throw error
        }
        close(writing)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.mostAnswer {
            let count = buffer.withUnsafeMutableBytes { read(reading, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard bytes.count <= Self.mostAnswer else {
            kill(-process, SIGKILL)
            _ = Self.status(of: process)
            throw SurrogateError(.answer, "more than \(Self.mostAnswer >> 20) MiB came back")
        }
        try Self.check(Self.status(of: process))
        return bytes
    }

    // MARK: The program

    /// Starts it and sends it everything.
    private func start(_ source: Int32?, _ output: Int32) throws(SurrogateError) -> Int32 {
        let (reading, writing) = try Self.pipe()
        let command = route.command
        guard let program = command.first else { throw SurrogateError(.here, "no program is named") }
        let launch = ChildLaunch(
            program, Array(command.dropFirst()), environment: ProcessInfo.processInfo.environment,
            input: .descriptor(reading), output: .descriptor(output), errors: .descriptor(STDERR_FILENO))
        let started = launch.start()
        close(reading)
        guard case .success(let process) = started else {
            close(writing)
            throw SurrogateError(.here, "\(program) cannot be started: check that it is installed")
        }
        send(source, writing)
        close(writing)
        return process
    }

    /// As far as it is read; what was not is told by how the program ends.
    private func send(_ source: Int32?, _ descriptor: Int32) {
        guard order.line.withUnsafeBytes({ Self.write($0, to: descriptor) }), let source else { return }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0,
                buffer.withUnsafeBytes({ Self.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: descriptor) })
            else { return }
        }
    }

    private static func status(of process: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return 1 }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    private static func check(_ status: Int32) throws(SurrogateError) {
        guard status == 0 else { throw SurrogateError(.failed(status), "it ended with status \(status)") }
    }

    private static func pipe() throws(SurrogateError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard systemPipe(&ends) == 0 else { throw SurrogateError(.here, "there is no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
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
}

private func systemPipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 { pipe(ends) }

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}
