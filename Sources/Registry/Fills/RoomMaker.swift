/// Makes room on a full disk, for so many bytes at least; whether there is some now.
public typealias RoomMaker = @Sendable (Int64) async -> Bool
