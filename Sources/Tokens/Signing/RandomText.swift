import TextEncodings

/// Text that cannot be guessed.
enum RandomText {
    static func make(bytes count: Int) -> String {
        // The system's generator is a cryptographic one.
        var generator = SystemRandomNumberGenerator()
        return Base64.url.encode((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
