/// The clock by which what lies in the store is dated: ages are judged by no other.
extension RegistryStore {
    /// Seconds: with a greater difference nobody who is to remove what is old does so. Which of the clocks is wrong is not known, and
    /// replicas would not agree on what is old.
    public static let mostClockDifference: Int64 = 300

    /// Seconds by which it is ahead of this process' clock.
    public var clockDifference: Int64 { objects.clockDifference }

    /// For operators; nil if the clocks agree.
    public var clockWarning: String? {
        let difference = clockDifference
        guard abs(difference) > Self.mostClockDifference else { return nil }
        return
            "this machine's clock is \(abs(difference)) seconds \(difference < 0 ? "ahead of" : "behind") the store's: "
            + "nothing is removed for its age; set the clock"
    }
}
