import Foundation

/// Distance from UTC of a zone named as CEL names zones: `UTC`, an IANA name, or `[+-]hh:mm`.
struct TimeZoneOffset {
    private enum Zone {
        case fixed(seconds: Int)
        case named(TimeZone)
    }

    private let zone: Zone

    init(_ name: String) throws(CELError) {
        if name == "UTC" || name.isEmpty {
            zone = .fixed(seconds: 0)
        } else if let seconds = Self.fixed(name) {
            zone = .fixed(seconds: seconds)
        } else if name.utf8.count <= 64, name.utf8.allSatisfy(Self.isNameByte), let named = TimeZone(identifier: name) {
            zone = .named(named)
        } else {
            throw CELError(.invalidArgument, "unknown time zone")
        }
    }

    /// Seconds east of UTC.
    func seconds(at timestamp: CELTimestamp) -> Int {
        switch zone {
        case .fixed(let seconds): seconds
        case .named(let zone):
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(timestamp.seconds)))
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isIdentifierStart || byte.isDigit || "/+-".utf8.contains(byte)
    }

    private static func fixed(_ name: String) -> Int? {
        var bytes = Array(name.utf8)
        var sign = 1
        if bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") {
            sign = bytes.removeFirst() == UInt8(ascii: "-") ? -1 : 1
        }
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), bytes.enumerated().allSatisfy({ $0 == 2 || $1.isDigit })
        else { return nil }
        let hours = Int(bytes[0] - 0x30) * 10 + Int(bytes[1] - 0x30)
        let minutes = Int(bytes[3] - 0x30) * 10 + Int(bytes[4] - 0x30)
        guard hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
