/* Deployments: every move from every phase, progress, rollbacks with their conditions, specs. */
#include "unit.h"

#include "deploy/deploy.h"

static void moves(void **state)
{
    (void)state;
    /* A letter a phase, in the order of the table: what may follow. */
    static const char letters[] = "-pbqdASEC";
    static const struct {
        char from;
        const char *to;
    } rows[] = {
            {'-', ""},
            {'p', "bqdASEC"},
            {'b', "qdASEC"},
            {'q', "dASEC"},
            {'d', "ASEC"},
            {'A', "S"},
            {'S', ""},
            {'E', ""},
            {'C', ""},
    };
    assert_int_equal(BL_COUNT(rows), BL_PHASE_COUNT);
    for (size_t from = 0; from < BL_COUNT(rows); from++) {
        assert_int_equal(rows[from].from, letters[from]);
        for (size_t to = 0; to < BL_PHASE_COUNT; to++)
            CHECK(bl_phase_may((enum bl_phase)from, (enum bl_phase)to) ==
                            (strchr(rows[from].to, letters[to]) != NULL),
                    "from %s to %s", bl_phase_word((enum bl_phase)from), bl_phase_word((enum bl_phase)to));
        CHECK(bl_phase_open((enum bl_phase)from) == (strchr("pbqd", letters[from]) != NULL), "%c open",
                letters[from]);
        CHECK(bl_phase_is_step((enum bl_phase)from) == (strchr("pbqdA", letters[from]) != NULL), "%c step",
                letters[from]);
    }
}

static void words(void **state)
{
    (void)state;
    static const char *const phases[] = {"UNKNOWN", "PENDING_BUILD", "BUILDING", "PENDING_DEPLOY",
            "DEPLOYING", "ACTIVE", "SUPERSEDED", "ERROR", "CANCELED"};
    static const char *const types[] = {"MANUAL", "DEPLOY_ON_PUSH", "MAINTENANCE", "MANUAL_ROLLBACK",
            "AUTO_ROLLBACK", "UPDATE_DATABASE_TRUSTED_SOURCES", "AUTOSCALED"};
    enum bl_phase p = BL_PHASE_COUNT;
    enum bl_deployment_type t = BL_DEPLOYMENT_TYPE_COUNT;
    for (size_t i = 0; i < BL_COUNT(phases); i++) {
        assert_true(bl_phase_find(bl_str_of(phases[i]), &p));
        assert_int_equal(p, i);
        CHECK_TEXT(bl_phase_word(p), phases[i], "phase");
    }
    for (size_t i = 0; i < BL_COUNT(types); i++) {
        assert_true(bl_deployment_type_find(bl_str_of(types[i]), &t));
        assert_int_equal(t, i);
        CHECK_TEXT(bl_deployment_type_word(t), types[i], "type");
        assert_true(strlen(bl_deployment_type_cause(t)) > 0);
    }
    assert_false(bl_phase_find(BL_STR("active"), &p));
    assert_false(bl_phase_find(BL_STR(""), &p));
    assert_false(bl_deployment_type_find(BL_STR("MANUAL "), &t));
    assert_false(bl_deployment_type_find(BL_ABSENT, &t));
}

static void progress(void **state)
{
    (void)state;
    static const struct {
        enum bl_phase phase, reached;
        const char *wanted;
    } rows[] = {
            {BL_PHASE_PENDING_BUILD, BL_PHASE_PENDING_BUILD, "PENDING PENDING"},
            {BL_PHASE_BUILDING, BL_PHASE_BUILDING, "RUNNING PENDING"},
            {BL_PHASE_PENDING_DEPLOY, BL_PHASE_PENDING_DEPLOY, "SUCCESS PENDING"},
            {BL_PHASE_DEPLOYING, BL_PHASE_DEPLOYING, "SUCCESS RUNNING"},
            {BL_PHASE_ACTIVE, BL_PHASE_ACTIVE, "SUCCESS SUCCESS"},
            {BL_PHASE_SUPERSEDED, BL_PHASE_ACTIVE, "SUCCESS SUCCESS"},
            {BL_PHASE_SUPERSEDED, BL_PHASE_PENDING_BUILD, "ERROR PENDING"},
            {BL_PHASE_ERROR, BL_PHASE_BUILDING, "ERROR PENDING"},
            {BL_PHASE_ERROR, BL_PHASE_PENDING_DEPLOY, "SUCCESS ERROR"},
            {BL_PHASE_ERROR, BL_PHASE_DEPLOYING, "SUCCESS ERROR"},
            {BL_PHASE_CANCELED, BL_PHASE_BUILDING, "ERROR PENDING"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_progress p;
        char text[64];
        int sum = 0, by[BL_STEP_STATUS_COUNT] = {0};
        bl_deploy_progress(rows[i].phase, rows[i].reached, &p);
        snprintf(text, sizeof text, "%s %s", bl_step_word(p.step[BL_STEP_BUILD]),
                bl_step_word(p.step[BL_STEP_DEPLOY]));
        CHECK_TEXT(text, rows[i].wanted, bl_phase_word(rows[i].phase));
        for (int s = 0; s < BL_STEP_COUNT; s++)
            by[p.step[s]]++;
        for (int s = 0; s < BL_STEP_STATUS_COUNT; s++) {
            sum += p.count[s];
            assert_int_equal(p.count[s], by[s]);
        }
        assert_int_equal(sum, BL_STEP_COUNT);
    }
}

static struct bl_json *tree(struct bl_ctx *x, const char *text)
{
    struct bl_json *j = NULL;
    CHECK(bl_json_parse(x, bl_str_of(text), &j) == BL_OK, "%s: %s", text, x->why);
    return j;
}

static void rollbacks(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool pinned;
        enum bl_phase phase;
        bool was_active;
        int64_t back;
        const char *tier, *spec, *now, *wanted;
    } rows[] = {
            {"the one before", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{}", "{}", ""},
            {"ten back", 0, BL_PHASE_SUPERSEDED, 1, 10, "basic", "{}", "{}", ""},
            {"eleven back", 0, BL_PHASE_SUPERSEDED, 1, 11, "basic", "{}", "{}", "exceeded_revision_limit"},
            {"a starter", 0, BL_PHASE_SUPERSEDED, 1, 1, "starter", "{}", "{}", "exceeded_revision_limit"},
            {"none back, a starter", 0, BL_PHASE_SUPERSEDED, 1, 0, "starter", "{}", "{}", ""},
            {"pinned", 1, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{}", "{}", "app_pinned"},
            {"pinned comes first", 1, BL_PHASE_ERROR, 0, 11, "starter", "{\"region\":\"a\"}", "{}",
                    "app_pinned"},
            {"what runs", 0, BL_PHASE_ACTIVE, 1, 0, "basic", "{}", "{}", "incompatible_phase"},
            {"what waits", 0, BL_PHASE_PENDING_BUILD, 0, 0, "basic", "{}", "{}", "incompatible_phase"},
            {"what is built", 0, BL_PHASE_BUILDING, 0, 0, "basic", "{}", "{}", "incompatible_phase"},
            {"what is built already", 0, BL_PHASE_PENDING_DEPLOY, 0, 0, "basic", "{}", "{}",
                    "incompatible_phase"},
            {"what is deployed", 0, BL_PHASE_DEPLOYING, 0, 0, "basic", "{}", "{}", "incompatible_phase"},
            {"what failed", 0, BL_PHASE_ERROR, 0, 1, "basic", "{}", "{}", "incompatible_result"},
            {"what was cancelled", 0, BL_PHASE_CANCELED, 0, 1, "basic", "{}", "{}", "incompatible_result"},
            {"what never ran", 0, BL_PHASE_SUPERSEDED, 0, 1, "basic", "{}", "{}", "incompatible_result"},
            {"a result comes before a limit", 0, BL_PHASE_ERROR, 0, 99, "basic", "{}", "{}",
                    "incompatible_result"},
            {"a limit comes before a region", 0, BL_PHASE_SUPERSEDED, 1, 11, "basic", "{\"region\":\"a\"}",
                    "{}", "exceeded_revision_limit"},
            {"another region", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{\"region\":\"a\"}",
                    "{\"region\":\"b\"}", "region_conflict"},
            {"a region that is new", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{\"region\":\"a\"}", "{}",
                    "region_conflict"},
            {"a region of nothing", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{\"region\":\"\"}", "{}", ""},
            {"a region comes before databases", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic",
                    "{\"region\":\"a\",\"databases\":[{}]}", "{}", "region_conflict"},
            {"another database", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{\"databases\":[{\"name\":\"a\"}]}",
                    "{\"databases\":[{\"name\":\"b\"}]}", "database_config_conflict"},
            {"databases spelled in another order", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic",
                    "{\"databases\":[{\"name\":\"a\",\"size\":1}]}",
                    "{\"databases\":[{\"size\":1,\"name\":\"a\"}]}", ""},
            {"no databases, empty", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{\"databases\":[]}",
                    "{\"databases\":null}", ""},
            {"nothing runs now", 0, BL_PHASE_SUPERSEDED, 1, 1, "basic", "{}", NULL, ""},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        int64_t limit = -1;
        struct bl_rollback_to to = {
                .pinned = rows[i].pinned,
                .phase = rows[i].phase,
                .was_active = rows[i].was_active,
                .back = rows[i].back,
                .tier = bl_str_of(rows[i].tier),
                .spec = tree(&x, rows[i].spec),
                .now = rows[i].now ? tree(&x, rows[i].now) : NULL,
        };
        CHECK_TEXT(bl_rollback_word(bl_rollback_check(&to, &limit)), rows[i].wanted, rows[i].what);
        assert_int_equal(limit, strcmp(rows[i].tier, "starter") == 0 ? 0 : 10);
    }
    bl_ctx_release(&x);
}

static void same(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
            {"null", "null", 1},
            {"null", "false", 0},
            {"true", "true", 1},
            {"true", "false", 0},
            {"1", "1", 1},
            {"1", "\"1\"", 0},
            {"\"a\"", "\"a\"", 1},
            {"\"a\"", "\"b\"", 0},
            {"[]", "{}", 0},
            {"[1,2]", "[1,2]", 1},
            {"[1,2]", "[2,1]", 0},
            {"[1,2]", "[1]", 0},
            {"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1}", 1},
            {"{\"a\":1}", "{\"a\":2}", 0},
            {"{\"a\":1}", "{\"b\":1}", 0},
            {"{\"a\":1}", "{\"a\":1,\"b\":2}", 0},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_json *a = tree(&x, rows[i].a), *b = tree(&x, rows[i].b);
        CHECK(bl_json_same(a, b) == rows[i].same && bl_json_same(b, a) == rows[i].same, "%s and %s",
                rows[i].a, rows[i].b);
    }
    assert_true(bl_json_same(NULL, NULL));
    assert_false(bl_json_same(NULL, tree(&x, "null")));
    bl_ctx_release(&x);
}

static void specs(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *wrong; /* wrong: a word of the sentence */
        const char *sites, *images;
    } rows[] = {
            {"{}", NULL, "", ""},
            {"{\"name\":null,\"services\":null,\"databases\":null}", NULL, "", ""},
            {"{\"static_sites\":[{\"name\":\"www\"},{}]}", NULL, "www,,", ""},
            {"{\"services\":[{\"name\":\"web\",\"image\":{\"repository\":\"r\",\"tag\":\"1\"}},"
             "{\"name\":\"api\",\"image\":{\"digest\":\"sha256:0\"}},{\"name\":\"git\"}],"
             "\"jobs\":[{\"name\":\"j\",\"image\":{\"digest\":\"\"}}],\"workers\":[{\"name\":\"w\","
             "\"image\":{\"digest\":null}}]}",
                    NULL, "", "web,w,j,"},
            {"[]", "an object", NULL, NULL},
            {"{\"name\":1}", "spec.name", NULL, NULL},
            {"{\"region\":{}}", "spec.region", NULL, NULL},
            {"{\"databases\":{}}", "spec.databases", NULL, NULL},
            {"{\"services\":{}}", "spec.services must be an array", NULL, NULL},
            {"{\"jobs\":[1]}", "spec.jobs must hold objects", NULL, NULL},
            {"{\"workers\":[{\"name\":1}]}", "spec.workers: a name", NULL, NULL},
            {"{\"functions\":[{\"image\":\"x\"}]}", "spec.functions: an image", NULL, NULL},
            {"{\"services\":[{\"image\":{\"digest\":1}}]}", "its digest a string", NULL, NULL},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_json *spec = tree(&x, rows[i].spec);
        enum bl_err e = bl_spec_check(&x, spec);
        if (rows[i].wrong) {
            CHECK(e == BL_INVALID && strstr(x.why, rows[i].wrong), "%s: %s", rows[i].spec, x.why);
            continue;
        }
        CHECK(e == BL_OK, "%s: %s", rows[i].spec, x.why);
        for (int k = 0; k < 2; k++) {
            struct bl_spec_names names;
            char text[200] = "";
            if (k == 0)
                bl_spec_static_sites(&x, spec, &names);
            else
                bl_spec_images_without_digest(&x, spec, &names);
            for (size_t n = 0; n < names.n; n++) {
                strncat(text, names.at[n].p, names.at[n].n);
                strcat(text, ",");
            }
            CHECK_TEXT(text, k == 0 ? rows[i].sites : rows[i].images, rows[i].spec);
        }
    }
    assert_int_equal(bl_spec_check(&x, NULL), BL_INVALID);
    bl_ctx_release(&x);
}

/* A tree is written as it was read, without the blanks. */
static void written(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
            {" { } ", "{}"},
            {"[ ]", "[]"},
            {"{\"a\" : [1, -2.50e3, \"x\\u0041\\n\", null, true, false, {\"b\": {}}], \"c\":\"\"}",
                    "{\"a\":[1,-2.50e3,\"xA\\n\",null,true,false,{\"b\":{}}],\"c\":\"\"}"},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_buf b = {0};
        struct bl_jw w;
        bl_jw_init(&w, &b);
        bl_jw_json(&w, tree(&x, rows[i][0]));
        CHECK_TEXT(bl_str_dup(&x.arena, bl_buf_view(&b)).p, rows[i][1], rows[i][0]);
        bl_buf_release(&b);
    }
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(moves),
            cmocka_unit_test(words),
            cmocka_unit_test(progress),
            cmocka_unit_test(rollbacks),
            cmocka_unit_test(same),
            cmocka_unit_test(specs),
            cmocka_unit_test(written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
