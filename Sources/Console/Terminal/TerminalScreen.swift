internal import NIOConcurrencyHelpers

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A terminal's second screen, drawn over as a whole with one write for each frame, so that nothing flickers; the first one
/// is as it was when it is left.
public final class TerminalScreen: Sendable {
    public typealias Picture = @Sendable (TerminalSize) -> [String]

    private struct State {
        var picture: Picture?
        /// As it was before.
        var attributes: termios?
        var isLeft = false
    }

    private let output: TextOutput
    private let state = NIOLockedValueBox(State())

    /// Enters it. What is typed is not shown there.
    public init(_ output: TextOutput = .standardOutput) {
        self.output = output
        var attributes = termios()
        if tcgetattr(output.rawValue, &attributes) == 0 {
            state.withLockedValue { $0.attributes = attributes }
            attributes.c_lflag &= ~tcflag_t(ECHO)
            _ = tcsetattr(output.rawValue, TCSANOW, &attributes)
        }
        output.write(Self.enter)
    }

    /// Draws it, and again whenever ``redraw()`` is told.
    ///
    /// - Returns: Whether there is still a terminal.
    @discardableResult
    public func show(_ picture: @escaping Picture) -> Bool {
        state.withLockedValue { $0.picture = picture }
        return redraw()
    }

    /// Draws the same in the size that the terminal has now.
    @discardableResult
    public func redraw() -> Bool {
        state.withLockedValue { state in
            guard let picture = state.picture, !state.isLeft else { return true }
            let size = TerminalSize(of: output) ?? .usual
            return output.write(Self.frame(picture(size), size))
        }
    }

    /// Back to what was there before. May be called again.
    public func leave() {
        state.withLockedValue { state in
            guard !state.isLeft else { return }
            state.isLeft = true
            output.write(Self.exit)
            if var attributes = state.attributes { _ = tcsetattr(output.rawValue, TCSANOW, &attributes) }
        }
    }

    // The second screen, without cursor and without lines that wrap.
    static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
    static let exit = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    /// From the upper left corner over what is there, each line to its end, and nothing of what was below.
    static func frame(_ lines: [String], _ size: TerminalSize) -> String {
        let lines = lines.prefix(size.rows).map { TerminalText.clipped($0, to: size.columns) + "\u{1B}[K" }
        return "\u{1B}[H" + lines.joined(separator: "\r\n") + "\u{1B}[J"
    }
}
