internal import CHiredis
internal import Coordination

/// One connection, blocking: every call waits for its answer, for no longer than the time-out.
///
/// `@unchecked Sendable`: hiredis' context belongs to whoever took the connection out of ``RedisPool``, one at a time.
final class RedisConnection: @unchecked Sendable {
    private let context: UnsafeMutablePointer<redisContext>
    let address: RedisAddress
    /// After an error of the connection nothing more can be made of it.
    private(set) var isBroken = false
    /// The other side had closed it: what was sent was never looked at.
    private(set) var wasClosed = false

    /// - Throws: ``CoordinationError/Code/unavailable`` when nobody answers in time.
    init(_ address: RedisAddress, connectTimeout: Duration, commandTimeout: Duration) throws(CoordinationError) {
        let context: UnsafeMutablePointer<redisContext>?
        switch address {
        case .tcp(let host, let port): context = redisConnectWithTimeout(host, Int32(port), timeval(connectTimeout))
        case .unix(let path): context = redisConnectUnixWithTimeout(path, timeval(connectTimeout))
        }
        guard let context else { throw CoordinationError(.unavailable, "no memory for a connection to Redis") }
        self.context = context
        self.address = address
        guard context.pointee.err == 0 else {
            throw CoordinationError(
                .unavailable, "cannot connect to Redis at \(address)", cause: RedisError(Self.text(context)))
        }
        _ = redisSetTimeout(context, timeval(commandTimeout))
        // Answers are small; what the server sends beyond that is given back at once.
        context.pointee.reader.pointee.maxbuf = 16 * 1024
    }

    deinit { redisFree(context) }

    /// Sends one command and waits for its answer.
    func send(_ arguments: [RedisArgument]) throws(CoordinationError) -> RedisReply {
        var storage = arguments.map(\.bytes)
        var lengths = storage.map(\.count)
        let pointer = Self.withPointers(&storage) { pointers in
            redisCommandArgv(context, Int32(pointers.count), &pointers, &lengths)
        }
        guard let pointer else {
            isBroken = true
            wasClosed = context.pointee.err == REDIS_ERR_EOF
            throw CoordinationError(
                .unavailable, "Redis at \(address) does not answer", cause: RedisError(Self.text(context)))
        }
        defer { freeReplyObject(pointer) }
        let raw = UnsafePointer(pointer.assumingMemoryBound(to: redisReply.self))
        guard let reply = RedisReply(raw) else {
            isBroken = true
            throw CoordinationError(.unintelligible, "Redis at \(address) answers more than was asked for")
        }
        guard case .error(let text) = reply else { return reply }
        throw failure(text)
    }

    /// What an error answer means. The text is the server's own and names no value of ours.
    private func failure(_ text: String) -> CoordinationError {
        let code = Self.code(text)
        switch code {
        // A demoted master, one that is loading, without its replicas, full, or asking for other credentials: gone, for us.
        case "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "OOM", "MISCONF", "NOREPLICAS", "BUSY", "NOAUTH",
            "WRONGPASS", "NOPERM", "MOVED", "ASK", "TRYAGAIN":
            isBroken = true
            return CoordinationError(.unavailable, "Redis at \(address) does not serve: \(code)")
        default:
            return CoordinationError(.unintelligible, "Redis at \(address) refuses a command: \(code)")
        }
    }

    /// The first word. Before version 7 Redis wraps what a command within a script is answered: "ERR Error running script (call
    /// to f_…): @user_script:18: -READONLY You can't write".
    static func code(_ text: String) -> Substring {
        let words = text.split(separator: " ")
        guard text.hasPrefix("ERR Error running script") else { return words.first ?? "" }
        let inner = words.first { $0.count > 1 && $0.first == "-" && $0.dropFirst().allSatisfy(\.isUppercase) }
        return inner?.dropFirst() ?? "ERR"
    }

    private static func withPointers<Result>(
        _ storage: inout [[UInt8]], _ body: (inout [UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        var copies: [UnsafeMutableBufferPointer<CChar>] = []
        defer { for copy in copies { copy.deallocate() } }
        var pointers: [UnsafePointer<CChar>?] = []
        for bytes in storage {
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(bytes.count, 1))
            for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copies.append(copy)
            pointers.append(UnsafePointer(copy.baseAddress))
        }
        return body(&pointers)
    }

    private static func text(_ context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: &context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// What hiredis said.
struct RedisError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
