/* What every unit test starts from: cmocka, a context, and checks that name the row of the table they failed
 * in. */
#ifndef BILLOW_UNIT_H
#define BILLOW_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

/* CHECK(condition, "what, for a person", ...): fails the test with the sentence. */
#define CHECK(ok, ...)                                                                                       \
    do {                                                                                                     \
        if (!(ok)) {                                                                                         \
            char check_text_[600];                                                                           \
            snprintf(check_text_, sizeof check_text_, __VA_ARGS__);                                          \
            fail_msg("%s: %s", #ok, check_text_);                                                            \
        }                                                                                                    \
    } while (0)

#define CHECK_TEXT(got, wanted, row)                                                                         \
    CHECK(strcmp((got), (wanted)) == 0, "%s: got \"%s\", wanted \"%s\"", (row), (got), (wanted))

#endif
