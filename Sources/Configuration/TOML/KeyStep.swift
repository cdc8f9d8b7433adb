/// One step on the way to a value: into a table or into an array.
enum KeyStep: Hashable {
    case key(String)
    case index(Int)
}

extension [KeyStep] {
    /// As TOML writes dotted keys, with positions in arrays in brackets.
    var text: String {
        var text = ""
        for step in self {
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + TOMLText.key(key)
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
