internal import CHiredis

/// An answer of the server, copied out of hiredis.
enum RedisReply: Equatable {
    case null
    case integer(Int64)
    case bytes([UInt8])
    case status(String)
    case error(String)
    case array([RedisReply])

    /// What any script or command of ours answers with has far fewer elements.
    private static let maxElements = 64
    private static let maxBytes = 1024 * 1024

    /// Nil where it is larger or deeper than anything that was asked for.
    init?(_ reply: UnsafePointer<redisReply>, depth: Int = 0) {
        let reply = reply.pointee
        switch reply.type {
        case REDIS_REPLY_NIL: self = .null
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS, REDIS_REPLY_ERROR:
            guard reply.len <= Self.maxBytes else { return nil }
            let bytes = Array(UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)))
            switch reply.type {
            case REDIS_REPLY_STRING: self = .bytes(bytes)
            case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
            default: self = .error(String(decoding: bytes, as: UTF8.self))
            }
        case REDIS_REPLY_ARRAY:
            guard reply.elements <= Self.maxElements, depth < 2 else { return nil }
            var elements: [RedisReply] = []
            for index in 0..<Int(reply.elements) {
                guard let pointer = reply.element[index], let element = RedisReply(pointer, depth: depth + 1) else {
                    return nil
                }
                elements.append(element)
            }
            self = .array(elements)
        default: return nil
        }
    }
}
