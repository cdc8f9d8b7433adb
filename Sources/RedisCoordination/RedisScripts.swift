/// What must happen in one step on the server. A lease is a hash of `owner`, `fence` and `note`.
///
/// Keys that hold something else, since somebody else writes under our names, are taken for absent.
enum RedisScripts {
    /// `KEYS` lease, fence counter; `ARGV` owner, life in ms, note. Answers `{1, fence}` or `{0, note, ms left}`.
    ///
    /// The fence is above the last one and above the server's clock in microseconds, so that it grows also over a restart of
    /// the server that lost the counter. As text, since Lua's numbers become integers of 53 bits only.
    static let acquire: RedisArgument = """
        local owner = false
        if redis.call('TYPE', KEYS[1]).ok == 'hash' then owner = redis.call('HGET', KEYS[1], 'owner') end
        if owner and owner ~= ARGV[1] then
            return {0, redis.call('HGET', KEYS[1], 'note') or '', redis.call('PTTL', KEYS[1])}
        end
        local fence = owner and redis.call('HGET', KEYS[1], 'fence')
        if not fence then
            local time = redis.call('TIME')
            local last = 0
            if redis.call('TYPE', KEYS[2]).ok == 'string' then last = tonumber(redis.call('GET', KEYS[2])) or 0 end
            fence = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
            redis.call('SET', KEYS[2], fence)
        end
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', fence, 'note', ARGV[3])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return {1, fence}
        """

    /// `KEYS` lease; `ARGV` owner, life in ms, fence. Answers 1 or 0.
    static let renew: RedisArgument = """
        if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
        local held = redis.call('HMGET', KEYS[1], 'owner', 'fence')
        if held[1] ~= ARGV[1] or held[2] ~= ARGV[3] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2])
        """

    /// `KEYS` lease; `ARGV` owner, fence.
    static let release: RedisArgument = """
        if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
        local held = redis.call('HMGET', KEYS[1], 'owner', 'fence')
        if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return 0 end
        return redis.call('DEL', KEYS[1])
        """

    /// `KEYS` counter; `ARGV` amount, life in ms. Answers the sum.
    static let add: RedisArgument = """
        if redis.call('TYPE', KEYS[1]).ok ~= 'string' or not tonumber(redis.call('GET', KEYS[1])) then
            redis.call('DEL', KEYS[1])
        end
        local isNew = redis.call('EXISTS', KEYS[1]) == 0
        local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
        if isNew or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
        return sum
        """
}
