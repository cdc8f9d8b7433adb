import Testing

@testable import RedisCoordination

@Suite struct RedisConnectionTests {
    /// Versions before 7 tell what a command within a script was answered in a sentence about the script.
    @Test(arguments: [
        ("READONLY You can't write against a read only replica.", "READONLY"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "OOM"),
        (
            "ERR Error running script (call to f_5a4f): @user_script:18: @user_script: 18: -READONLY You can't write against a "
                + "read only replica.", "READONLY"
        ),
        ("ERR Error running script (call to f_5a4f): @user_script:3: -OOM command not allowed", "OOM"),
        (
            "ERR Error running script (call to f_5a4f): @user_script:3: user_script:3: attempt to index a nil value",
            "ERR"
        ),
        ("ERR unknown command -READONLY", "ERR"), ("", ""),
    ])
    func whatAnErrorIsAboutIsFoundWhereverItStands(text: String, code: String) {
        #expect(RedisConnection.code(text) == code)
    }
}
