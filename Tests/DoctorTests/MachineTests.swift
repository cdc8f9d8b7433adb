import Doctor
import Foundation
import TestSupport
import Testing

@Suite struct MachineTests {
    private static let table = """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
        30 22 0:26 / /var rw,relatime shared:2 - xfs /dev/sdb1 rw
        31 30 0:27 / /var/lib/entre\\040pot ro,noatime - ext4 /dev/sdc1 rw
        32 22 0:28 / /tmp rw - tmpfs tmpfs rw,size=1024k
        33 22 0:29 / /net rw shared:3 master:4 - nfs4 host:/export rw,vers=4.2
        34 22 0:30 / /slow rw - ext4 /dev/sdd1 rw,sync
        35 22 0:31 / /layer rw - overlay overlay rw
        36 30 0:32 / /var rw - btrfs /dev/sde1 rw
        a line that is none
        """

    @Test(arguments: [
        ("/", "ext4", Finding.Severity.ok), ("/variable", "ext4", .ok), ("/var/lib/entre pot/data", "ext4", .failure),
        ("/tmp/x", "tmpfs", .warning), ("/net", "nfs4", .note), ("/slow", "ext4", .warning),
        ("/layer/a", "overlay", .warning), ("/var/lib", "btrfs", .ok),
    ])
    func `a path lies in the last of the longest mounts`(path: String, kind: String, severity: Finding.Severity) throws
    {
        let mount = try #require(Mount.holding(path, table: Self.table))
        #expect(mount.kind == kind)
        let finding = mount.finding(.store, path)
        #expect(finding.severity == severity)
        #expect((finding.remedy == nil) == (severity == .ok))
    }

    @Test(arguments: [
        (100, 50, 0, true, Finding.Severity.ok), (100, 50, 60, true, .warning), (100, 50, 0, false, .note),
        (1000, 40, 0, false, .warning), (100, 0, 0, true, .failure),
    ])
    func `room is judged by what is wanted of it`(
        size: Int, free: Int, least: Int, isBounded: Bool, severity: Finding.Severity
    ) {
        let state = FileSystemState(bytes: Int64(size) << 30, freeBytes: Int64(free) << 30, files: 0, freeFiles: 0)
        let findings = state.findings(.store, "/data", minFree: Int64(least) << 30, isBounded: isBounded)
        #expect(findings.map(\.severity) == [severity])
    }

    @Test(arguments: [(900, Finding.Severity.failure), (10_000, .warning), (900_000, .ok)])
    func `a file system without inodes is full`(free: Int, severity: Finding.Severity) {
        let state = FileSystemState(bytes: 1 << 40, freeBytes: 1 << 39, files: 1_000_000, freeFiles: Int64(free))
        #expect(state.findings(.store, "/data", minFree: nil, isBounded: true).map(\.severity) == [.ok, severity])
    }

    @Test func `this machine can be asked`() throws {
        let state = try #require(FileSystemState(at: "/"))
        #expect(state.bytes > 0 && state.freeBytes <= state.bytes)
        #expect(FileSystemState(at: "/nonexistent") == nil)
        #expect(DescriptorRoom.current(connections: 1) != nil)
    }

    @Test(arguments: [
        (1_600_000_000, true, Finding.Severity.failure), (1_800_000_000, true, .ok), (1_800_000_000, false, .note),
    ])
    func `a clock that is wrong or left alone is told`(now: Int, isKept: Bool, severity: Finding.Severity) {
        #expect(ClockState(now: Int64(now), isKept: isKept).finding.severity == severity)
    }

    @Test(arguments: [(100, Finding.Severity.failure), (1024, .warning), (20_512, .ok)])
    func `descriptors are for connections and what they send`(limit: Int, severity: Finding.Severity) {
        #expect(DescriptorRoom(limit: UInt64(limit), connections: 10_000).finding.severity == severity)
    }

    @Test(arguments: [(-1, Finding.Severity.failure), (6, .warning), (20, .note), (90, .ok)])
    func `a certificate is told of before it ends`(days: Int, severity: Finding.Severity) {
        let term = CertificateTerm("server", end: 1_800_000_000 + Int64(days) * 86_400 + 3600)
        #expect(term.finding(now: 1_800_000_000).severity == severity)
    }

    @Test func `a certificate that has not begun is refused by all`() {
        let term = CertificateTerm("server", start: 1_800_000_001, end: 1_900_000_000)
        #expect(term.finding(now: 1_800_000_000).severity == .failure)
        #expect(term.finding(now: 1_800_000_001).severity == .ok)
    }

    @Test func `a key that everybody can read is told of`() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("key.pem")
        try Data().write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(KeyFile(path).finding?.severity == .warning)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(KeyFile(path).finding == nil)
        #expect(KeyFile(folder.file("none")).finding == nil)
    }

    @Test func `a store is its owner's`() throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: folder.file(".entrepot/spool"), withIntermediateDirectories: true)
        let rights = StoreRights(root: folder.path)
        #expect(!rights.isForeign && rights.findings.map(\.severity) == [.ok])
        #expect(StoreRights(root: folder.file("none")).findings.map(\.severity) == [.note])
        #expect(rights.refusal == nil)
    }

    @Test(.enabled(if: geteuid() == 0, "needs the superuser"))
    func `the superuser writes nothing where the server is somebody else`() throws {
        let folder = try TemporaryDirectory()
        #expect(chown(folder.path, 1000, 1000) == 0)
        #expect(StoreRights(root: folder.path).refusal?.contains("sudo -u '#1000'") == true)
        #expect(StoreRights(root: folder.path, user: 1000).refusal == nil)
        // A folder that is lent to a server of the superuser's.
        try FileManager.default.createDirectory(atPath: folder.file(".entrepot"), withIntermediateDirectories: false)
        #expect(StoreRights(root: folder.path).refusal == nil)
    }

    @Test func `a folder below a link to nowhere cannot be made`() throws {
        let folder = try TemporaryDirectory()
        let (link, away) = (folder.file("link"), folder.file("away/disk"))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: away)
        for root in [link, link + "/store", link + "/store/deeper"] {
            #expect(FolderObstacle(root)?.message == "\(link) is a link to \(away), which is not there")
            let findings = StoreRights(root: root).findings
            #expect(findings.map(\.severity) == [.failure])
            #expect(findings.first?.message.contains("is a link to \(away)") == true)
            #expect(findings.first?.remedy?.contains("mount it") == true)
        }
        try FileManager.default.createDirectory(atPath: away, withIntermediateDirectories: true)
        #expect(FolderObstacle(link + "/store") == nil)
    }

    @Test func `a folder that was removed takes nothing`() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("gone")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        try FileManager.default.removeItem(atPath: path)
        #expect(FolderObstacle("/proc/self/fd/\(descriptor)/data")?.message.contains("was removed") == true)
    }
}
