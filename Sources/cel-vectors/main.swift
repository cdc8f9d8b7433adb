import CELConformance
import Foundation

guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: cel-vectors DIRECTORY\n".utf8))
    exit(64)
}

var passed = 0
var failed = 0
do {
    for url in try VectorFile.urls(in: URL(filePath: CommandLine.arguments[1])) {
        let file = try VectorFile(contentsOf: url)
        let failures = file.failures()
        for failure in failures { print("FAIL \(file.name) \(failure.title): \(failure.reason)") }
        passed += file.vectors.count - failures.count
        failed += failures.count
    }
} catch {
    FileHandle.standardError.write(Data("cannot read the vectors: \(error)\n".utf8))
    exit(66)
}
print("\(passed) passed, \(failed) failed")
exit(failed == 0 ? 0 : 1)
