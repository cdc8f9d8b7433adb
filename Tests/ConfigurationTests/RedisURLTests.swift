import Configuration
import Testing

@Suite struct RedisURLTests {
    @Test(
        "a URL is taken apart and told without its password",
        arguments: [
            ("redis://r.io", "redis://r.io:6379/0", nil),
            ("redis://R.io:7000/3", "redis://r.io:7000/3", nil),
            ("redis://user:p%40ss@[::1]:7000", "redis://user@[::1]:7000/0", "p@ss"),
            ("redis://:secret@r.io/1", "redis://r.io:6379/1", "secret"),
            ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2", nil),
            ("unix://u:p@/run/redis.sock", "unix://u@/run/redis.sock", "p"),
        ] as [(String, String, String?)])
    func parts(text: String, told: String, password: String?) throws {
        let url = try RedisURL(text)
        #expect(url.description == told)
        #expect(url.password?.reveal() == password)
        // What is told is taken again.
        #expect(try RedisURL(told).place == url.place)
    }

    @Test(
        "what is no Redis' URL is refused, and its password not repeated",
        arguments: [
            "rediss://u:hunter2@r.io", "http://r.io", "redis://u:hunter2@", "redis://u:hunter2%zz@r.io",
            "redis://r.io/-1", "redis://r.io/99999", "unix://r", "unix:///s?x=1", "redis://r.io#1", "redis://r .io",
        ])
    func refusal(text: String) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        #expect(error?.message.contains("hunter2") == false && error?.remedy.contains("hunter2") == false)
    }
}
