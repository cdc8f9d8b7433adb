/// Finds types for the type parameters met so far.
struct TypeUnifier {
    private var bindings: [String: CELType] = [:]
    /// Each changed binding and what it was before, so that a failed attempt can be taken back.
    private var trail: [(name: String, previous: CELType?)] = []
    private var freshCount = 0

    mutating func fresh() -> CELType {
        freshCount += 1
        // No declared parameter starts with a dollar sign.
        return .parameter("$\(freshCount)")
    }

    /// Runs `body`, and takes its bindings back unless it returns true.
    mutating func attempt(_ body: (inout TypeUnifier) -> Bool) -> Bool {
        let mark = trail.count
        if body(&self) { return true }
        undo(to: mark)
        return false
    }

    /// Runs `body`, and takes its bindings back in any case.
    mutating func probe<Result>(_ body: (inout TypeUnifier) -> Result) -> Result {
        let mark = trail.count
        defer { undo(to: mark) }
        return body(&self)
    }

    private mutating func undo(to mark: Int) {
        while trail.count > mark, let (name, previous) = trail.popLast() { bindings[name] = previous }
    }

    private mutating func set(_ name: String, _ type: CELType) {
        trail.append((name, bindings[name]))
        bindings[name] = type
    }

    /// Gives every type parameter in `types` a name of its own.
    mutating func instantiate(_ types: [CELType]) -> [CELType] {
        var names: [String: CELType] = [:]
        return types.map { instantiate($0, &names) }
    }

    private mutating func instantiate(_ type: CELType, _ names: inout [String: CELType]) -> CELType {
        switch type {
        case .parameter(let name):
            if let known = names[name] { return known }
            let fresh = fresh()
            names[name] = fresh
            return fresh
        case .list(let element): return .list(instantiate(element, &names))
        case .map(let key, let value): return .map(instantiate(key, &names), instantiate(value, &names))
        case .optional(let value): return .optional(instantiate(value, &names))
        case .nullable(let value): return .nullable(instantiate(value, &names))
        default: return type
        }
    }

    /// `type` with all known parameters replaced; unknown ones become `dyn` when asked for.
    func substitute(_ type: CELType, unknownAsDyn: Bool = false) -> CELType {
        switch type {
        case .parameter(let name):
            if let bound = bindings[name] { return substitute(bound, unknownAsDyn: unknownAsDyn) }
            return unknownAsDyn ? .dyn : type
        case .list(let element): return .list(substitute(element, unknownAsDyn: unknownAsDyn))
        case .map(let key, let value):
            return .map(
                substitute(key, unknownAsDyn: unknownAsDyn), substitute(value, unknownAsDyn: unknownAsDyn))
        case .optional(let value): return .optional(substitute(value, unknownAsDyn: unknownAsDyn))
        case .nullable(let value): return .nullable(substitute(value, unknownAsDyn: unknownAsDyn))
        default: return type
        }
    }

    /// Whether a value of `source` may stand where `target` is wanted; binds parameters as needed.
    ///
    /// After a failure the bindings are undefined: callers ``attempt(_:)``.
    mutating func assign(_ source: CELType, to target: CELType) -> Bool {
        if source == target { return true }
        if case .parameter(let name) = target { return bind(name, to: source, reversed: false) }
        if case .parameter(let name) = source { return bind(name, to: target, reversed: true) }
        switch (source, target) {
        case (.dyn, _), (_, .dyn):
            return true
        case (.nullable(let source), .nullable(let target)):
            return assign(source, to: target)
        case (.null, let other), (let other, .null):
            return other.isNullable
        case (let source, .nullable(let target)), (.nullable(let source), let target):
            return assign(source, to: target)
        case (.list(let source), .list(let target)), (.optional(let source), .optional(let target)):
            return assign(source, to: target)
        case (.map(let sourceKey, let sourceValue), .map(let targetKey, let targetValue)):
            return assign(sourceKey, to: targetKey) && assign(sourceValue, to: targetValue)
        default:
            return false
        }
    }

    private mutating func bind(_ name: String, to type: CELType, reversed: Bool) -> Bool {
        guard let bound = bindings[name] else {
            let resolved = substitute(type)
            if resolved == .parameter(name) { return true }
            guard !resolved.mentions(name) else { return false }
            set(name, resolved)
            return true
        }
        let fits = reversed ? assign(bound, to: type) : assign(type, to: bound)
        guard fits else { return false }
        let resolved = substitute(type)
        if resolved.isLessSpecific(than: substitute(bound)) && !resolved.mentions(name) {
            set(name, resolved)
        }
        return true
    }

    /// The type of a place that takes values of both types.
    mutating func join(_ left: CELType, _ right: CELType) -> CELType {
        guard attempt({ $0.assign(right, to: left) }) else { return .dyn }
        let (left, right) = (substitute(left), substitute(right))
        if case .nullable = right { return right }
        if left == .null { return right }
        return right.isLessSpecific(than: left) ? right : left
    }
}

extension CELType {
    /// Types whose values may be absent as null, by the checker's tradition.
    fileprivate var isNullable: Bool {
        switch self {
        case .nullable, .null, .dyn, .timestamp, .duration, .opaque, .optional: true
        default: false
        }
    }

    fileprivate func mentions(_ name: String) -> Bool {
        switch self {
        case .parameter(name): true
        case .list(let element), .optional(let element), .nullable(let element): element.mentions(name)
        case .map(let key, let value): key.mentions(name) || value.mentions(name)
        default: false
        }
    }

    fileprivate func isLessSpecific(than other: CELType) -> Bool {
        switch (self, other) {
        case (.dyn, .dyn): false
        case (.dyn, _): true
        case (.list(let left), .list(let right)), (.optional(let left), .optional(let right)):
            left.isLessSpecific(than: right)
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            leftKey.isLessSpecific(than: rightKey) || leftValue.isLessSpecific(than: rightValue)
        default: false
        }
    }
}
