/// The values of an environment's variables for one evaluation; a cheap value to build and to copy.
public struct Activation: Sendable {
    let layout: VariableLayout
    var values: [Value?]

    init(layout: VariableLayout) {
        self.layout = layout
        values = [Value?](repeating: nil, count: layout.count)
    }

    /// The value of a variable; nil leaves it unbound, and expressions that read it fail.
    public subscript(slot: VariableSlot) -> Value? {
        get { values[slot.index] }
        set { values[slot.index] = newValue }
    }

    /// Binds by name; a name that the environment does not declare is ignored, as no expression can read it.
    public subscript(name: String) -> Value? {
        get { layout.slots[name].flatMap { values[$0] } }
        set {
            if let index = layout.slots[name] { values[index] = newValue }
        }
    }
}

/// Where an activation holds a variable, so that binding needs no look-up by name.
public struct VariableSlot: Sendable, Hashable {
    let index: Int
}

/// Which variable lies in which slot. Its identity ties programs and activations to one environment.
final class VariableLayout: Sendable {
    let slots: [String: Int]
    let types: [CELType]
    var count: Int { types.count }

    init(_ variables: [VariableDeclaration]) {
        var slots: [String: Int] = [:]
        var types: [CELType] = []
        for variable in variables {
            if let known = slots[variable.name] {
                types[known] = variable.type
            } else {
                slots[variable.name] = types.count
                types.append(variable.type)
            }
        }
        self.slots = slots
        self.types = types
    }
}
