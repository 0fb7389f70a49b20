/* Answers sums for tests/drive_num.py: a stack of rationals, one program a line, words between blanks.
 *
 *     5.00 /672 *3600 round2      -> "2679 ."
 *
 * A decimal pushes; "*5.25", "/-3" take the top by a decimal, "i*5", "i/3" by an integer; "+", "-", "x" take
 * the two on top together, "?" compares them; round<digits>, show, cut, ceil, floor print. A line ends with
 * ".", or with "overflow" or "invalid" where it stopped. */
#include "num/num.h"

#include <stdio.h>
#include <string.h>

enum { DEEP = 64 };

struct machine {
    struct bl_ctx x;
    bl_rat stack[DEEP];
    size_t n;
};

static enum bl_err push(struct machine *m, const char *word)
{
    bool neg = word[0] == '-';
    bl_dec d;
    BL_TRY(bl_dec_parse(&m->x, bl_str_of(word + neg), BL_DEC_QUANTITY, &d));
    if (m->n == DEEP)
        return bl_fail(&m->x, BL_INVALID, "too deep");
    m->stack[m->n++] = bl_rat_of_dec((bl_dec){neg ? -d.pico : d.pico});
    return BL_OK;
}

/* "*5.25", "/-3": the top by a decimal; "i*5", "i/-3": by an integer */
static enum bl_err by_number(struct machine *m, bl_rat *top, const char *word)
{
    bool integer = word[0] == 'i';
    char op = word[integer];
    const char *number = word + integer + 1;
    if (integer) {
        long long v;
        if (sscanf(number, "%lld", &v) != 1)
            return bl_fail(&m->x, BL_INVALID, "not an integer");
        return op == '*' ? bl_rat_mul_int(&m->x, top, v) : bl_rat_div_int(&m->x, top, v);
    }
    bool neg = number[0] == '-';
    bl_dec d;
    BL_TRY(bl_dec_parse(&m->x, bl_str_of(number + neg), BL_DEC_QUANTITY, &d));
    d.pico = neg ? -d.pico : d.pico;
    return op == '*' ? bl_rat_mul_dec(&m->x, top, d) : bl_rat_div_dec(&m->x, top, d);
}

static enum bl_err two(struct machine *m, char op, int *ret_cmp)
{
    if (m->n < 2)
        return bl_fail(&m->x, BL_INVALID, "nothing to work on");
    bl_rat *a = &m->stack[m->n - 2], *b = &m->stack[m->n - 1];
    if (op == '?')
        return bl_rat_cmp(&m->x, a, b, ret_cmp);
    enum bl_err e = op == '+'   ? bl_rat_add(&m->x, a, b, a)
                    : op == '-' ? bl_rat_sub(&m->x, a, b, a)
                                : bl_rat_mul(&m->x, a, b, a);
    m->n--;
    return e;
}

static enum bl_err answer(struct machine *m, const char *word)
{
    bl_rat *top = &m->stack[m->n - 1];
    bl_amount amount;
    bl_dec d;
    int64_t n;
    char text[64];
    if (strncmp(word, "round", 5) == 0) {
        BL_TRY(bl_rat_round(&m->x, top, word[5] - '0', &amount));
        printf("%lld ", (long long)amount.minor);
        return BL_OK;
    }
    if (strcmp(word, "show") == 0 || strcmp(word, "cut") == 0) {
        BL_TRY(word[0] == 's' ? bl_rat_show(&m->x, top, &d) : bl_rat_cut(&m->x, top, &d));
        bl_dec_text(d, text);
        printf("%s ", text);
        return BL_OK;
    }
    if (strcmp(word, "ceil") == 0 || strcmp(word, "floor") == 0) {
        BL_TRY(word[0] == 'c' ? bl_rat_ceil(&m->x, top, &n) : bl_rat_floor(&m->x, top, &n));
        printf("%lld ", (long long)n);
        return BL_OK;
    }
    return bl_fail(&m->x, BL_INVALID, "unknown word");
}

static enum bl_err step(struct machine *m, const char *word)
{
    int cmp;
    if (strcmp(word, "+") == 0 || strcmp(word, "-") == 0 || strcmp(word, "x") == 0)
        return two(m, word[0], &cmp);
    if (strcmp(word, "?") == 0) {
        BL_TRY(two(m, '?', &cmp));
        printf("%d ", cmp);
        return BL_OK;
    }
    if ((word[0] >= '0' && word[0] <= '9') || word[0] == '-')
        return push(m, word);
    if (m->n == 0)
        return bl_fail(&m->x, BL_INVALID, "nothing to work on");
    if (word[0] == '*' || word[0] == '/' || word[0] == 'i')
        return by_number(m, &m->stack[m->n - 1], word);
    return answer(m, word);
}

int main(void)
{
    static struct machine m;
    static char line[1 << 16];
    bl_ctx_init(&m.x, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        bl_ctx_reset(&m.x, 0);
        m.n = 0;
        enum bl_err e = BL_OK;
        char *rest = NULL;
        for (char *word = strtok_r(line, " \n", &rest); word && e == BL_OK;
                word = strtok_r(NULL, " \n", &rest))
            e = step(&m, word);
        puts(e == BL_OK ? "." : e == BL_OVERFLOW ? "overflow" : "invalid");
        fflush(stdout);
    }
    bl_ctx_release(&m.x);
    return 0;
}
