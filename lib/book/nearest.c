/* "Did you mean": the edit distance between what was written and what could have been, letter case apart. */
#include "book/read.h"

enum { LONGEST = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's, with one row kept; both at most LONGEST long. */
static size_t distance(struct bl_str a, struct bl_str b)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            size_t swap = corner + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
            row[j] = least(swap, least(above, row[j - 1]) + 1);
            corner = above;
        }
    }
    return row[b.n];
}

struct nearest nearest_to(struct bl_str wanted)
{
    return (struct nearest){.wanted = wanted, .found = BL_ABSENT};
}

void nearest_try(struct nearest *s, struct bl_str name)
{
    if (s->wanted.n == 0 || s->wanted.n > LONGEST || name.n > LONGEST)
        return;
    size_t d = distance(s->wanted, name);
    /* a third of the letters may be wrong: more is another word */
    if (d * 3 > (s->wanted.n > name.n ? s->wanted.n : name.n) || (bl_is(s->found) && d >= s->distance))
        return;
    s->found = name;
    s->distance = d;
}

const char *nearest_hint(struct reader *r, const struct nearest *s)
{
    if (!bl_is(s->found))
        return "";
    return bl_str_printf(&r->tree.arena, "; did you mean %s?", bl_shown(&r->tree.arena, s->found)).p;
}
