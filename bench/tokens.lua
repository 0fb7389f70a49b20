-- wrk: one request after another, each with the next token of the file that $TOKENS names.
local requests, at = {}, 0

function init()
   for token in io.lines(os.getenv("TOKENS")) do
      requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token })
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end
