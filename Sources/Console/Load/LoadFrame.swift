/// What a server does, as a screen or a line: what changed between two looks at it.
public struct LoadFrame: Sendable {
    private let now: LoadSample
    /// The look before; nil for the first.
    private let before: LoadSample?
    /// Why the last look failed.
    private let trouble: String?

    public init(_ now: LoadSample, since before: LoadSample?, trouble: String? = nil) {
        self.now = now
        // A server that was started anew counts anew.
        self.before = before.flatMap { $0.status.uptimeSeconds <= now.status.uptimeSeconds ? $0 : nil }
        self.trouble = trouble
    }

    private struct Section {
        var title: String
        var lines: [String]
    }

    /// - Parameter clock: The time of day.
    public func lines(_ size: TerminalSize, clock: String) -> [String] {
        let sections = [fills(size.columns), upstreams, slowest, namespaces].filter { !$0.lines.isEmpty }
        var lines = head(size.columns, clock)
        let shares = Self.shares(sections.map(\.lines.count), room: size.rows - lines.count - 2 * sections.count)
        for (section, share) in zip(sections, shares) {
            lines += ["", section.title]
            let isCut = share < section.lines.count
            lines += section.lines.prefix(isCut ? max(share - 1, 0) : share)
            if isCut, share > 0 { lines.append("  and \(section.lines.count - share + 1) more") }
        }
        return lines.prefix(size.rows).map { TerminalText.clipped($0, to: size.columns) }
    }

    /// Everything that matters in one line, for what is no terminal.
    public func line(clock: String) -> String {
        var parts = [
            "\(Quantity.decimal(rate(requests.all))) requests/s",
            "hits \(Quantity.percent(requests.hits, of: requests.answered))",
            "\(Quantity.decimal(rate(failures))) failed/s", "\(now.status.requestsInFlight) in flight",
            "sent \(Quantity.bytes(rate(sent(nil))))/s", "received \(Quantity.bytes(rate(received)))/s",
            "\(now.fills.count) fills",
        ]
        let open = now.upstreams.filter { $0.breaker != "closed" }
        if !open.isEmpty { parts.append("left alone: \(open.map(\.upstream).joined(separator: " "))") }
        if let slow = now.slowest.first { parts.append("slowest \(Self.text(of: slow))") }
        if let trouble { parts.append("no answer: \(trouble)") }
        return TerminalText.printable("\(clock)  \(parts.joined(separator: ", "))")
    }

    // MARK: What changed

    private var seconds: Double { before.map { max(now.time - $0.time, 0.001) } ?? max(now.status.uptimeSeconds, 1) }

    private func rate(_ count: Double) -> Double { max(count, 0) / seconds }

    private var requests: LoadSample.Requests { now.requests - (before?.requests ?? LoadSample.Requests()) }

    private var failures: Double { now.failures - (before?.failures ?? 0) }

    private var received: Double { now.received - (before?.received ?? 0) }

    /// Of all sources, if none is named.
    private func sent(_ source: String?) -> Double {
        guard let source else {
            return now.sent.values.reduce(0, +) - (before?.sent.values.reduce(0, +) ?? 0)
        }
        return (now.sent[source] ?? 0) - (before?.sent[source] ?? 0)
    }

    // MARK: Parts of the screen

    private func head(_ columns: Int, _ clock: String) -> [String] {
        let status = now.status
        let title =
            "entrepot \(status.version)  up \(Quantity.time(status.uptimeSeconds))  "
            + "\(status.connections) connections, \(status.requestsInFlight) requests in flight"
        var lines = [
            title + TerminalText.right(clock, max(columns - title.count, clock.count + 2)),
            "requests  \(Quantity.decimal(rate(requests.all)))/s   hits "
                + "\(Quantity.percent(requests.hits, of: requests.answered)) (since the start "
                + "\(Quantity.percent(now.requests.hits, of: now.requests.answered)))   failed "
                + "\(Quantity.decimal(rate(failures)))/s",
            "bytes     sent \(Quantity.bytes(rate(sent(nil))))/s (cache \(Quantity.bytes(rate(sent("cache"))))/s, fills "
                + "\(Quantity.bytes(rate(sent("fill"))))/s)   received \(Quantity.bytes(rate(received)))/s",
        ]
        if let trouble { lines.append("no answer: \(trouble); this is what was told last") }
        return lines
    }

    private func fills(_ columns: Int) -> Section {
        let earlier = Dictionary(
            before?.fills.map { ($0.digest, $0.released) } ?? [], uniquingKeysWith: { first, _ in first })
        let lines = now.fills.sorted { ($0.released, $1.digest) > ($1.released, $0.digest) }.map { fill in
            let speed = earlier[fill.digest].map { max(fill.released - $0, 0) / seconds }
            let share = fill.size.flatMap { $0 > 0 ? fill.released / $0 : nil }
            let amount = fill.size.map { "\(Quantity.bytes(fill.released)) of \(Quantity.bytes($0))" }
            let left = speed.flatMap { speed in
                fill.size.flatMap { speed > 0 ? Quantity.time(($0 - fill.released) / speed) : nil }
            }
            return "  \(TerminalText.left(Self.short(fill.digest), 19)) "
                + "\(TerminalText.bar(share, columns > 100 ? 32 : 18)) "
                + "\(TerminalText.right(share.map { "\(Int(min($0, 1) * 100)) %" } ?? "?", 5))  "
                + "\(amount ?? Quantity.bytes(fill.released))"
                + (speed.map { "  \(Quantity.bytes($0))/s" } ?? "") + (left.map { "  \($0)" } ?? "")
                + "  \(fill.repositories.joined(separator: " "))"
        }
        return Section(title: "FILLS  \(now.fills.count)", lines: lines)
    }

    private var upstreams: Section {
        let rows = now.upstreams.map { upstream -> (namespace: String, name: String, text: String, isTrouble: Bool) in
            var words = [TerminalText.left(upstream.breaker, 7)]
            if let inFlight = upstream.requestsInFlight { words.append("\(inFlight) in flight") }
            if let waiting = upstream.requestsWaiting, waiting > 0 { words.append("\(waiting) waiting") }
            if let remaining = upstream.remaining {
                words.append("\(remaining)\(upstream.limit.map { " of \($0)" } ?? "") requests left")
            }
            if upstream.waitSeconds > 0 {
                words.append("asked again in \(Quantity.time(Double(upstream.waitSeconds)))")
            }
            if let error = upstream.lastError { words.append(error) }
            return (
                upstream.namespace, upstream.upstream, words.joined(separator: "  "),
                upstream.breaker != "closed" || upstream.waitSeconds > 0 || upstream.lastError != nil
            )
        }
        let widths = (rows.map(\.namespace.count).max() ?? 0, rows.map(\.name.count).max() ?? 0)
        // Those with a trouble come first: with many there may be no room for all.
        let lines = (rows.filter(\.isTrouble) + rows.filter { !$0.isTrouble }).map { row in
            "  \(TerminalText.left(row.namespace, min(widths.0, 24)))  "
                + "\(TerminalText.left(row.name, min(widths.1, 32)))  \(row.text)"
        }
        return Section(title: "UPSTREAMS  \(rows.count)", lines: lines)
    }

    private var slowest: Section {
        Section(title: "SLOWEST  of the last minutes", lines: now.slowest.map { "  " + Self.text(of: $0, isRow: true) })
    }

    private var namespaces: Section {
        let busy = now.namespaces.map { name, all in
            (name, all - (before?.namespaces[name] ?? LoadSample.Requests()), all)
        }.filter { $0.2.all > 0 }.sorted { ($0.1.all, $0.2.all, $1.0) > ($1.1.all, $1.2.all, $0.0) }
        let width = min(busy.map(\.0.count).max() ?? 0, 32)
        let lines = busy.map { name, recent, all in
            "  \(TerminalText.left(name, width))  \(TerminalText.right(Quantity.decimal(rate(recent.all)), 8))/s  hits "
                + "\(TerminalText.right(Quantity.percent(recent.hits, of: recent.answered), 7))  since the start "
                + "\(Quantity.decimal(all.all, 0)), hits \(Quantity.percent(all.hits, of: all.answered))"
        }
        return Section(title: "NAMESPACES  busiest first", lines: lines)
    }

    private static func text(of slow: LoadSample.SlowRequest, isRow: Bool = false) -> String {
        let seconds = "\(Quantity.decimal(slow.seconds, 2)) s"
        let first = slow.firstByteSeconds.map { "first byte \(Quantity.decimal($0, 2)) s" } ?? "nothing sent"
        let what = [slow.action, slow.repository, slow.reference.map(short)].compactMap { $0 }.joined(separator: " ")
        guard isRow else { return "\(seconds) \(what)" }
        return "\(TerminalText.right(seconds, 10))  \(TerminalText.left(first, 19))  \(slow.status)  "
            + "\(TerminalText.left(what, 56))  \(Quantity.time(slow.ageSeconds)) ago"
    }

    /// A digest as far as people tell it from others.
    private static func short(_ reference: String) -> String {
        guard let colon = reference.firstIndex(of: ":"), reference[colon...].count > 13 else { return reference }
        return String(reference.prefix(reference.distance(from: reference.startIndex, to: colon) + 13))
    }

    /// Rows for each section: what a short one does not need, long ones get.
    static func shares(_ wanted: [Int], room: Int) -> [Int] {
        var shares = wanted.map { _ in 0 }
        var left = max(room, 0)
        while left > 0,
            let next = shares.indices.filter({ shares[$0] < wanted[$0] }).min(by: { shares[$0] < shares[$1] })
        {
            shares[next] += 1
            left -= 1
        }
        return shares
    }
}
