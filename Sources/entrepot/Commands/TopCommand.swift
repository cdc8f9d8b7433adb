import ArgumentParser
import Configuration
import Console
import UnixSignals

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch what a running server does.",
        discussion: """
            Requests and hit ratio, downloads under way, upstreams, the slowest requests and the busiest namespaces, from the \
            admin API. Drawn anew each --interval until Ctrl-C; where standard output is no terminal, a line each time.
            """)

    @OptionGroup var admin: AdminOptions
    @Option(help: "Time between two looks, from 200ms to 1h.", transform: Self.pause) var interval = Duration.seconds(1)
    @Flag(help: "Look twice, print what happened between, and end.") var once = false

    private static func pause(_ text: String) throws -> Duration {
        guard let pause = Seconds(text)?.duration, pause >= .milliseconds(200), pause <= .seconds(3600) else {
            throw ValidationError("'\(text)' is no time between 200ms and 1h; write it like 500ms or 5s.")
        }
        return pause
    }

    func run() async throws {
        let reader = LoadReader(try admin.client())
        do {
            if once {
                try await lookTwice(reader)
            } else if TextOutput.standardOutput.isTerminal {
                try await watch(reader)
            } else {
                try await tell(reader)
            }
        } catch let error as AdminClientError {
            StandardError.write("entrepot: \(error)\n")
            throw ExitCode.failure
        }
    }

    private func lookTwice(_ reader: LoadReader) async throws {
        let first = try await reader.read()
        try await Task.sleep(for: interval)
        let frame = LoadFrame(try await reader.read(), since: first)
        let columns = TerminalSize(of: .standardOutput)?.columns ?? 132
        for line in frame.lines(TerminalSize(columns: columns, rows: 200), clock: Self.clock) { print(line) }
    }

    private func tell(_ reader: LoadReader) async throws {
        var watched = try await reader.read()
        while true {
            try await Task.sleep(for: interval)
            let next = try await reader.read()
            // Nobody reads any more.
            guard TextOutput.standardOutput.write(LoadFrame(next, since: watched).line(clock: Self.clock) + "\n") else {
                return
            }
            watched = next
        }
    }

    private func watch(_ reader: LoadReader) async throws {
        let first = try await reader.read()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup, .sigwinch)
        let screen = TerminalScreen()
        defer { screen.leave() }
        screen.show(Self.picture(LoadFrame(first, since: nil)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    guard signal == .sigwinch else { return }
                    screen.redraw()
                }
            }
            group.addTask { try await Self.draw(reader, on: screen, from: first, each: interval) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Until nobody looks any more. A server that does not answer is asked again.
    private static func draw(
        _ reader: LoadReader, on screen: TerminalScreen, from first: LoadSample, each interval: Duration
    ) async throws {
        var (before, now) = (first, first)
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            var trouble: String?
            do throws(AdminClientError) {
                (before, now) = (now, try await reader.read())
            } catch {
                trouble = "\(error)"
            }
            guard screen.show(picture(LoadFrame(now, since: before, trouble: trouble))) else { return }
        }
    }

    private static func picture(_ frame: LoadFrame) -> TerminalScreen.Picture {
        let clock = clock
        return { frame.lines($0, clock: clock) }
    }

    /// Hours, minutes and seconds in UTC, as in the log.
    private static var clock: String { String(WallClock.timestamp().dropFirst(11).prefix(8)) }
}
