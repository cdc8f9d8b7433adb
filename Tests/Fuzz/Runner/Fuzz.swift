// Built by Tests/Fuzz/run alone, with libFuzzer behind it: there is no `main`, for the package manager calls that of an
// executable after its module.
import FuzzTargets

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private let target = getenv("FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }

@_cdecl("fuzz_main")
public func fuzzMain(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
    guard target != nil else {
        print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
        return 0
    }
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments) { start, count in
        do throws(FuzzFinding) {
            try target?.run(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
            // What libFuzzer takes for a finding, whose input it keeps.
            fatalError("\(error)")
        }
        return 0
    }
}
