import Cluster
import Testing

@Suite struct FillCourseTests {
    private static let owner = FillOwner(id: "1", address: "http://a:1")

    /// Goes on asking, looking and resting until something else is to be done, while another replica renews its lease.
    private static func goOn(_ course: inout FillCourse, from start: FillCourse.Step, owner: FillOwner?) -> (
        step: FillCourse.Step, rested: Duration
    ) {
        var step = start
        var rested = Duration.zero
        for _ in 0..<1000 {
            switch step {
            case .ask: step = course.take(.taken(owner, left: .seconds(15)))
            case .look: step = course.take(.absent)
            case .follow: step = course.take(.unreachable)
            case .rest(let duration):
                rested += duration
                step = course.take(.rested)
            default: return (step, rested)
            }
        }
        return (step, rested)
    }

    @Test(arguments: [FillCourseTests.owner, nil]) func whoCannotBeFollowedIsWaitedForAndThenNoMore(owner: FillOwner?) {
        var course = FillCourse(patience: .seconds(10))
        let start = course.take(.begun)
        let (step, rested) = Self.goOn(&course, from: start, owner: owner)
        #expect(step == .fetch)
        #expect(rested >= .seconds(10) && rested < .seconds(12))
        // Somebody else may have been faster all the same.
        #expect(course.take(.whole) == .look)
        #expect(course.take(.absent) == .store)
        #expect(course.take(.written) == .end(.stored))
    }

    @Test func whoseBytesAreWholeFetchesNothing() {
        var course = FillCourse(patience: .seconds(10))
        #expect(course.take(.begun) == .ask)
        #expect(course.take(.taken(Self.owner, left: .seconds(15))) == .follow(Self.owner))
        #expect(course.take(.whole) == .look)
        let (step, rested) = Self.goOn(&course, from: .look, owner: Self.owner)
        #expect([FillCourse.Step.ask, .look].contains(step) || rested > .seconds(100))
        #expect(step != .fetch)
    }
}
