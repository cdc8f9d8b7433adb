#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import SurrogateClient

extension SurrogateOrder {
    /// Has it carried out, and ends with what it ends with, which tells why itself.
    func perform(by route: SurrogateRoute, sending path: String? = nil, to output: String? = nil) async throws {
        do {
            try await carryOut(by: route, sending: path, to: output)
        } catch let error as SurrogateError {
            if case .failed(let status) = error.kind { throw ExitCode(status) }
            throw Self.failure(error.message)
        }
    }

    /// The order that comes on standard input; what follows it is left there.
    static func received() throws -> SurrogateOrder {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < longestLine {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { break }
            if byte == 0x0A {
                guard let order = SurrogateOrder(line: line) else { break }
                return order
            }
            line.append(byte)
        }
        throw failure("this is for 'entrepot image --via' at the other end of a pipe, which sent no order")
    }

    /// Writes the file that follows the order.
    static func receive(to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("\(path) cannot be written") }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("standard input cannot be read") }
            if count == 0 { return }
            var written = 0
            while written < count {
                let step = buffer.withUnsafeBytes {
                    write(descriptor, $0.baseAddress.map { $0 + written }, count - written)
                }
                if step < 0, errno == EINTR { continue }
                guard step > 0 else { throw failure("\(path) cannot be written") }
                written += step
            }
        }
    }

    static func failure(_ what: String) -> ExitCode {
        StandardError.write("entrepot: \(what)\n")
        return .failure
    }
}
