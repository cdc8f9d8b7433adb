-- Requests with the tokens of a file, one on each line, in turn.
local headers = {}
local turn = 0

function init(arguments)
   for line in io.lines(arguments[1]) do
      local fields = { ["Authorization"] = "Bearer " .. line }
      for name, value in pairs(wrk.headers) do fields[name] = value end
      headers[#headers + 1] = fields
   end
end

function request()
   turn = turn % #headers + 1
   return wrk.format("GET", wrk.path, headers[turn])
end
