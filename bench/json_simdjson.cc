/* simdjson on-demand behind a C name: the same six texts of each event, taken in the order they stand in. */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <simdjson.h>

extern "C" std::uint64_t bench_simdjson(
        const char *text, std::size_t events, std::size_t stride, std::size_t padding);

extern "C" std::uint64_t bench_simdjson(
        const char *text, std::size_t events, std::size_t stride, std::size_t padding)
{
    simdjson::ondemand::parser parser;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < events; i++) {
        simdjson::ondemand::document doc;
        std::size_t left = (events - i) * stride + padding;
        if (parser.iterate(text + i * stride, stride - 1, left).get(doc))
            std::abort();
        std::string_view id, source, subject, time, meter;
        std::int64_t quantity = 0;
        if (doc["id"].get(id) || doc["source"].get(source) || doc["subject"].get(subject) ||
                doc["time"].get(time) || doc["data"]["meter"].get(meter) ||
                doc["data"]["quantity"].get(quantity))
            std::abort();
        sum += id.size() + source.size() + subject.size() + time.size() + meter.size();
        for (; quantity > 0; quantity /= 10)
            sum++;
    }
    return sum;
}
