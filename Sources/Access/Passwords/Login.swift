/// A name, and the host where somebody says that it is his.
struct Login: Hashable, Sendable {
    let name: Username
    /// Nil where there is no socket.
    let host: ClientAddress?
}

/// A password that is shown for a name.
struct LoginAttempt: Sendable {
    let fingerprint: Fingerprint
    let login: Login
    let address: ClientAddress?

    init(_ fingerprint: Fingerprint, _ name: Username, _ address: ClientAddress?) {
        self.fingerprint = fingerprint
        login = Login(name: name, host: address?.host)
        self.address = address
    }
}
