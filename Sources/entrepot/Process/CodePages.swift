#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The machine code of the binary and its libraries, as far as it is mapped into memory.
enum CodePages {
    /// Gives back the pages that only the start needed: a third of what the process holds at rest. Nobody writes to such
    /// pages, and what is needed again is mapped again from the page cache.
    static func releaseWhatTheStartNeeded() {
        #if os(Linux)
            guard let maps = fopen("/proc/self/maps", "re") else { return }
            defer { fclose(maps) }
            var line = [CChar](repeating: 0, count: 4096)
            while fgets(&line, CInt(line.count), maps) != nil {
                let text = line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
                guard let (start, end) = code(String(decoding: text, as: UTF8.self)),
                    let address = UnsafeMutableRawPointer(bitPattern: start)
                else { continue }
                // Advice: where it is not taken, nothing is lost.
                madvise(address, Int(end - start), MADV_DONTNEED)
            }
        #endif
    }

    /// The addresses of a line like `5581c000-5581f000 r-xp 00001000 fe:00 1234 /usr/bin/entrepot`; nil for what is not
    /// code from a file.
    static func code(_ line: String) -> (start: UInt, end: UInt)? {
        let fields = line.split(separator: " ")
        guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
        let bounds = fields[0].split(separator: "-")
        guard bounds.count == 2, let start = UInt(bounds[0], radix: 16), let end = UInt(bounds[1], radix: 16),
            start < end
        else { return nil }
        return (start, end)
    }
}
