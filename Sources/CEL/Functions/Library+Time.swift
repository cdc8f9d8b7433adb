extension Library {
    private typealias Field = @Sendable (CivilTime, CELTimestamp) -> Int

    static let time: [FunctionDeclaration] = [
        field("getFullYear") { time, _ in time.date.year },
        field("getMonth") { time, _ in time.date.month - 1 },
        field("getDate") { time, _ in time.date.day },
        field("getDayOfMonth") { time, _ in time.date.day - 1 },
        field("getDayOfYear") { time, _ in time.date.dayOfYear },
        field("getDayOfWeek") { time, _ in time.date.dayOfWeek },
        field("getHours", duration: { $0 / 3_600_000_000_000 }) { time, _ in time.hour },
        field("getMinutes", duration: { $0 / 60_000_000_000 }) { time, _ in time.minute },
        field("getSeconds", duration: { $0 / 1_000_000_000 }) { time, _ in time.second },
        field("getMilliseconds", duration: { $0 % 1_000_000_000 / 1_000_000 }) { _, timestamp in
            Int(timestamp.nanoseconds) / 1_000_000
        },
    ]

    /// A field of a timestamp, in UTC or in a named zone, and of a duration, from its nanoseconds.
    private static func field(
        _ name: String, duration: (@Sendable (Int64) -> Int64)? = nil, _ body: @escaping Field
    ) -> FunctionDeclaration {
        var overloads: [FunctionOverload] = [
            .member(.timestamp, .int) { (value, _) throws(CELError) in
                let timestamp = try value.timestamp
                return .int(Int64(body(CivilTime(timestamp, offset: 0), timestamp)))
            },
            .member(.timestamp, .string, .int) { (value, zone, context) throws(CELError) in
                try context.charge(20)
                let timestamp = try value.timestamp
                let offset = try TimeZoneOffset(try zone.string).seconds(at: timestamp)
                return .int(Int64(body(CivilTime(timestamp, offset: offset), timestamp)))
            },
        ]
        if let duration {
            overloads.append(
                .member(.duration, .int) { (value, _) throws(CELError) in
                    .int(duration(try value.duration.nanoseconds))
                })
        }
        return FunctionDeclaration(name, overloads)
    }
}
