import CClock

/// Whether the time of this machine can be trusted: certificates, tokens and signatures go by it.
public struct ClockState: Sendable {
    /// Seconds since 1970.
    public let now: Int64
    /// Nil where the system does not tell.
    public let isKept: Bool?

    /// 2025-01-01: before it no version of this program was there.
    private static let oldest: Int64 = 1_735_689_600

    public init(now: Int64, isKept: Bool?) {
        self.now = now
        self.isKept = isKept
    }

    /// As the kernel tells.
    public static func current(now: Int64) -> ClockState {
        let answer = entrepot_clock_is_kept()
        return ClockState(now: now, isKept: answer < 0 ? nil : answer == 1)
    }

    public var finding: Finding {
        guard now >= Self.oldest else {
            return Finding(
                .failure, .machine, "clock", "shows a time before this program was made; no certificate is valid then",
                remedy: "set the clock, and let chrony or systemd-timesyncd keep it")
        }
        return switch isKept {
        case true?: Finding(.ok, .machine, "clock", "is kept by a time service")
        case false?:
            Finding(
                .note, .machine, "clock", "is not kept by a time service that the kernel knows of",
                remedy: "run chrony or systemd-timesyncd here, or on the host of this container")
        case nil: Finding(.note, .machine, "clock", "the system does not tell whether it is kept")
        }
    }
}
