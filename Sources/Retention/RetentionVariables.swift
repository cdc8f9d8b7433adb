internal import CEL
internal import OCI

/// What rules may mention, and how it is bound.
enum RetentionVariables {
    /// What functions without arguments of their own look at, while rules are evaluated.
    struct Scene: Sendable {
        /// Seconds since 1970.
        var now: Int64
        /// How many tags were pushed later; nil without a tag.
        var pushedRank: Int?
        var pulledRank: Int?
    }

    @TaskLocal static var scene: Scene?

    static let environment = CELEnvironment(
        variables: [
            VariableDeclaration("image.tag", .nullable(.string)),
            VariableDeclaration("image.digest", .string),
            VariableDeclaration("image.pushed_at", .int),
            VariableDeclaration("image.last_pulled_at", .int),
            VariableDeclaration("image.labels", .map(.string, .string)),
            VariableDeclaration("image.annotations", .map(.string, .string)),
            VariableDeclaration("image.size", .int),
            VariableDeclaration("image.has_referrers", .bool),
            VariableDeclaration("repository.name", .string),
            VariableDeclaration("last_pushed", .list(.string)),
            VariableDeclaration("last_pulled", .list(.string)),
        ],
        functions: [
            FunctionDeclaration(
                "now",
                [
                    FunctionOverload([], returning: .int) { (_, _) throws(CELError) in
                        .int(try current().now)
                    }
                ]),
            seconds("minutes", 60), seconds("hours", 3600), seconds("days", 86_400),
            FunctionDeclaration(
                "top",
                [
                    FunctionOverload([.nullable(.string), .list(.string), .int], returning: .bool) {
                        (arguments, context) throws(CELError) in
                        try top(arguments, context)
                    }
                ]),
            rank("top_pushed") { $0.pushedRank }, rank("top_pulled") { $0.pulledRank },
        ],
        limits: Limits(sourceBytes: 16 * 1024, cost: 1_000_000))

    private static func current() throws(CELError) -> Scene {
        guard let scene else { throw CELError(.host, "there is no time here") }
        return scene
    }

    private static func seconds(_ name: String, _ unit: Int64) -> FunctionDeclaration {
        FunctionDeclaration(
            name,
            [
                FunctionOverload([.int], returning: .int) { (arguments, _) throws(CELError) in
                    guard case .int(let count) = arguments[0] else { return .null }
                    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
                    guard !overflow else { throw CELError(.overflow, "\(name)(\(count)) is out of range") }
                    return .int(seconds)
                }
            ])
    }

    private static func rank(
        _ name: String, _ rank: @escaping @Sendable (Scene) -> Int?
    ) -> FunctionDeclaration {
        FunctionDeclaration(
            name,
            [
                FunctionOverload([.int], returning: .bool) { (arguments, _) throws(CELError) in
                    guard case .int(let count) = arguments[0] else { return .null }
                    return .bool(rank(try current()).map { Int64($0) < count } ?? false)
                }
            ])
    }

    /// Whether the text is among the first so many of the list.
    private static func top(_ arguments: [Value], _ context: EvaluationContext) throws(CELError) -> Value {
        guard case .list(let list) = arguments[1], case .int(let count) = arguments[2] else { return .null }
        guard case .string(let text) = arguments[0], count > 0 else { return .bool(false) }
        let first = list.prefix(Int(clamping: count))
        try context.charge(1 + first.count)
        return .bool(first.contains { if case .string(text) = $0 { true } else { false } })
    }

    /// Variables that are the same for all images of a repository.
    struct Lists: Sendable {
        let pushed: Value
        let pulled: Value
    }

    static func activation(
        _ candidate: RetentionCandidate, _ repository: RepositoryName, _ lists: Lists
    ) -> Activation {
        var activation = environment.activation()
        activation["image.tag"] = candidate.tag.map { .string($0.value) } ?? .null
        activation["image.digest"] = .string(candidate.digest.description)
        activation["image.pushed_at"] = .int(candidate.pushedAt)
        activation["image.last_pulled_at"] = .int(candidate.lastPulledAt)
        activation["image.labels"] = .map(CELMap(candidate.labels.mapValues { .string($0) }))
        activation["image.annotations"] = .map(CELMap(candidate.annotations.mapValues { .string($0) }))
        activation["image.size"] = .int(candidate.size)
        activation["image.has_referrers"] = .bool(candidate.hasReferrers)
        activation["repository.name"] = .string(repository.value)
        activation["last_pushed"] = lists.pushed
        activation["last_pulled"] = lists.pulled
        return activation
    }
}
