/// Where and why bytes are not JSON.
struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    let problem: String
    /// In bytes, from 0.
    let offset: Int

    var description: String { "\(problem) (at byte \(offset))" }
}
