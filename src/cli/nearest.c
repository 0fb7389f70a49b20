/* What was meant: the word of a list that takes the fewest single-letter edits, when those are few enough to
 * be a slip of the hand and not another word. */
#include "cli/cli.h"

#include <string.h>

#define WORD_MAX 32

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(struct bl_str a, struct bl_str b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t here = row[j], same = before + (a.p[i - 1] != b.p[j - 1]);
            row[j] = least(same, least(here, row[j - 1]) + 1);
            before = here;
        }
    }
    return row[b.n];
}

const char *cli_nearest(struct bl_str word, const char *const *list, size_t n)
{
    const char *best = NULL;
    size_t least_edits = word.n / 3 + 2;
    if (word.n == 0 || word.n > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct bl_str one = bl_str_of(list[i]);
        if (one.n > WORD_MAX)
            continue;
        size_t edits = distance(word, one);
        if (one.n > word.n && memcmp(one.p, word.p, word.n) == 0)
            edits = 1; /* its beginning */
        if (edits < least_edits) {
            least_edits = edits;
            best = list[i];
        }
    }
    return best;
}
