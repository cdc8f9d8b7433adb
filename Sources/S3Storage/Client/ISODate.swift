/// The time of a listing in seconds since 1970: `2013-05-24T00:00:00.000Z`.
enum ISODate {
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
            bytes.last == UInt8(ascii: "Z"), let month = Int(String(decoding: bytes[5..<7], as: UTF8.self)),
            (1...12).contains(month)
        else { return nil }
        let year = String(decoding: bytes[0..<4], as: UTF8.self)
        let day = String(decoding: bytes[8..<10], as: UTF8.self)
        let clock = String(decoding: bytes[11..<19], as: UTF8.self)
        return HTTPDate.seconds("Day, \(day) \(HTTPDate.months[month - 1]) \(year) \(clock) GMT")
    }
}
