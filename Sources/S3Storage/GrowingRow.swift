internal import NIOConcurrencyHelpers
internal import Storage

/// An object that grows, as it lies in the bucket.
///
/// Its beginning are the parts of a multipart upload, or an object that such parts became; its end are small objects, each
/// named by where it begins, until they are enough for one more part.
struct GrowingRow: Sendable {
    struct Part: Sendable {
        let part: S3Part
        let size: Int64
    }

    struct Piece: Sendable {
        let start: Int64
        let size: Int64
        /// What the store called it when it was written or found: another one in its place is not taken.
        let entity: String?

        var end: Int64 { start + size }
    }

    /// So many pieces are made one: a client may send a part byte by byte.
    static let mostPieces = 64

    /// The multipart upload; nil as long as there was no need for one.
    var upload: String?
    var parts: [Part] = []
    /// Bytes of the object at the key itself.
    var whole: Int64?
    /// What the store calls that object.
    var wholeEntity: String?
    var pieces: [Piece] = []
    /// Seconds since 1970.
    var modified: Int64 = 0
    /// Objects that are of no use any more, and are removed along with the row.
    var remains: [String] = []
    /// Whether all that there is of it was written here, and nothing of it was ever in doubt: then nothing is looked for that
    /// a failure may have left.
    var isOwn = true

    /// Bytes before the pieces.
    var base: Int64 { upload == nil ? whole ?? 0 : parts.reduce(0) { $0 + $1.size } }
    var size: Int64 { pieces.last?.end ?? base }
    /// Whether nothing of it is in the bucket.
    var isEmpty: Bool { upload == nil && whole == nil && pieces.isEmpty }
    var info: ObjectInfo { ObjectInfo(size: size, modified: modified, growth: growth) }

    /// What it consists of, in a way that tells it from any other row of the same size.
    var growth: Growth {
        var found: [Growth.Piece] = []
        if let upload {
            var end: Int64 = 0
            for part in parts where part.size > 0 {
                end += part.size
                let name = Self.entity(part.part.entity).map { "part \(part.part.number) \($0) of \(upload)" }
                found.append(Growth.Piece(name: name, end: end))
            }
        } else if let whole, whole > 0 {
            found.append(Growth.Piece(name: Self.entity(wholeEntity).map { "object \($0)" }, end: whole))
        }
        for piece in pieces where piece.size > 0 {
            found.append(Growth.Piece(name: Self.entity(piece.entity).map { "piece \($0)" }, end: piece.end))
        }
        return .pieces(found)
    }

    /// Whether it is exactly that, and nothing more.
    func isExactly(_ known: GrownObject) -> Bool { size == known.size && growth.begins(with: known) }

    /// Without the quotes, which some answers of a store have and others have not.
    private static func entity(_ text: String?) -> String? {
        guard let text = text?.filter({ $0 != "\"" }), !text.isEmpty else { return nil }
        return text
    }

    /// The objects that it consists of, by their names.
    func objects(_ name: String) -> [String] {
        var names = pieces.map { "\(name)/\(Self.name($0.start))" } + remains
        if upload != nil { names.append("\(name)/\(Self.uploadName)") }
        if whole != nil { names.append(name) }
        return names
    }

    /// Whether both are the same objects.
    func isSame(as other: Self) -> Bool {
        upload == other.upload && whole == other.whole && growth == other.growth
            && pieces.map(\.start) == other.pieces.map(\.start)
    }

    /// Of those pieces that may lie anywhere, the ones that follow each other from `start` on.
    static func chain(_ pieces: [Piece], from start: Int64) -> [Piece] {
        var end = start
        return pieces.filter { piece in
            guard piece.start == end else { return false }
            end = piece.end
            return true
        }
    }

    /// Where the next small object begins, as its name: in the order of the numbers.
    static func name(_ start: Int64) -> String {
        let text = String(start)
        return String(repeating: "0", count: 19 - text.utf8.count) + text
    }

    /// Holds the name of the multipart upload.
    static let uploadName = "upload"
}

/// The rows that this process wrote to last, so that a part costs no look. What is known may be out of date; whoever asks
/// for the size of a row looks and refreshes it.
final class KnownRows: Sendable {
    private static let most = 1000
    private let rows = NIOLockedValueBox<[ObjectKey: GrowingRow]>([:])

    subscript(key: ObjectKey) -> GrowingRow? {
        get { rows.withLockedValue { $0[key] } }
    }

    func note(_ row: GrowingRow, _ key: ObjectKey) {
        rows.withLockedValue { rows in
            if rows.count >= Self.most { rows = [:] }
            rows[key] = row
        }
    }

    /// A row as a look has found it, and that nothing may be left of which it does not know.
    func note(found row: GrowingRow?, _ key: ObjectKey) {
        guard var row else { return note(GrowingRow(), key) }
        if let known = self[key], known.isOwn, known.isSame(as: row) {
            row.remains = known.remains
        } else {
            row.isOwn = false
        }
        note(row, key)
    }

    func forget(_ key: ObjectKey) {
        rows.withLockedValue { rows in
            rows[key] = nil
            guard !rows.isEmpty else { return }
            for known in rows.keys where known.path.hasPrefix(key.path + "/") { rows[known] = nil }
        }
    }
}
