import ArgumentParser

/// How lists are printed.
enum ListFormat: String, CaseIterable, ExpressibleByArgument {
    /// Columns, with their names above.
    case table
    /// The first column alone, one a line.
    case bare
    case json, yaml
}
