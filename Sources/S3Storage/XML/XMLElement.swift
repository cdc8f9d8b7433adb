/// An element of a small document: what S3 answers with.
struct XMLElement {
    /// Without namespace prefix.
    var name: String
    var text = ""
    var children: [XMLElement] = []

    func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of the first child of that name.
    subscript(name: String) -> String? { first(name)?.text }
}
