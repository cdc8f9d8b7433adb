/// Finds what a name stands for, inside the container first and then further out.
struct NameResolver: Sendable {
    /// What a name can stand for outside of macros.
    enum Reference {
        case variable(slot: Int, type: CELType)
        case type(RuntimeType)
    }

    private let prefixes: [String]
    private let layout: VariableLayout
    private let functions: [String: [FunctionOverload]]
    private let types: [String: RuntimeType]

    init(container: String, layout: VariableLayout, functions: [String: [FunctionOverload]], types: [RuntimeType]) {
        var prefixes = [""]
        var prefix = ""
        for part in container.split(separator: ".") {
            prefix += part + "."
            prefixes.insert(prefix, at: 0)
        }
        self.prefixes = prefixes
        self.layout = layout
        self.functions = functions
        self.types = Dictionary(types.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func reference(_ name: String, isAbsolute: Bool) -> Reference? {
        for candidate in candidates(name, isAbsolute: isAbsolute) {
            if let slot = layout.slots[candidate] { return .variable(slot: slot, type: layout.types[slot]) }
            if let type = types[candidate] { return .type(type) }
        }
        return nil
    }

    /// The overloads called as `name(…)`.
    func function(_ name: String, isAbsolute: Bool) -> [FunctionOverload]? {
        for candidate in candidates(name, isAbsolute: isAbsolute) {
            guard let overloads = functions[candidate] else { continue }
            let global = overloads.filter { !$0.isMember }
            if !global.isEmpty { return global }
        }
        return nil
    }

    /// The overloads called as `receiver.name(…)`.
    func memberFunction(_ name: String) -> [FunctionOverload]? {
        let members = functions[name, default: []].filter(\.isMember)
        return members.isEmpty ? nil : members
    }

    /// What may follow `name` and a dot, in order, where it is no variable itself and others begin with it.
    func members(of name: String) -> [String] {
        let names = layout.slots.keys.filter { $0.hasPrefix(name + ".") }
            .compactMap { $0.dropFirst(name.count + 1).split(separator: ".").first.map(String.init) }
        return Set(names).sorted()
    }

    private func candidates(_ name: String, isAbsolute: Bool) -> [String] {
        isAbsolute || prefixes.count == 1 ? [name] : prefixes.map { $0 + name }
    }
}

extension NameResolver {
    /// What `expression` names as a whole, unless a macro's variable hides it.
    func reference(_ expression: Expression, isLocal: (String) -> Bool) -> Reference? {
        guard let name = expression.qualifiedName else { return nil }
        if let root = expression.rootName, isLocal(root) { return nil }
        return reference(name.name, isAbsolute: name.isAbsolute)
    }

    /// The overloads of a namespaced function such as `math.abs`, which parses like a call on a receiver.
    func namespacedFunction(
        _ target: Expression, _ name: String, isLocal: (String) -> Bool
    ) -> (name: String, overloads: [FunctionOverload])? {
        guard let prefix = target.qualifiedName else { return nil }
        if let root = target.rootName, isLocal(root) { return nil }
        let qualified = prefix.name + "." + name
        return function(qualified, isAbsolute: prefix.isAbsolute).map { (qualified, $0) }
    }
}
