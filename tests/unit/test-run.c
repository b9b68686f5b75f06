/* SPDX-License-Identifier: MIT */

/*
 * The three ways to run, calling each other: deferral, deadlines, cancellation
 */

#include "kernel-fixture.h"

/* --- the three ways to run, calling each other --- */

/* Serial in two domains, concurrent, inline; inline and serial that defer. */
enum { N_KINDS = 6 };

static const char *const kind_names[] = { "s1", "s2", "c", "i", "di", "ds" };
static atomic_int inside[2]; /* how many threads are in each domain's code */
static atomic_bool entered_twice;

static void
domain_code_begins(int kind)
{
    if (kind < 2 && atomic_fetch_add(&inside[kind], 1) != 0)
        atomic_store(&entered_twice, true);
}

static void
domain_code_ends(int kind)
{
    if (kind < 2)
        atomic_fetch_sub(&inside[kind], 1);
}

/* walk:/KIND/PATH asks the kind that the first digit of PATH stands for, with
 * the rest, and so on: PATH is a walk through the ways to run. */
static FulcraIdentifier *
walk_next(const char *path, GError **error)
{
    FulcraSlot slots[] = {
        fulcra_slot_text("kind", kind_names[*path - '0']),
        fulcra_slot_text("path", path + 1),
    };

    return fulcra_identifier_build(
            FULCRA_GRAMMAR("walk:/{kind}/{path*}"), slots, 2, error);
}

static FulcraRepresentation *
walk_answer(int kind, FulcraRepresentation *rest)
{
    if (rest == NULL)
        return fulcra_representation_new_text(kind_names[kind]);
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s %s",
            kind_names[kind], fulcra_representation_get_text(rest));
}

static int
walk_kind(FulcraRequest *request)
{
    return GPOINTER_TO_INT(fulcra_request_get_data(request));
}

static FulcraRepresentation *
walk_source(FulcraRequest *request, GError **error)
{
    int kind = walk_kind(request);
    const char *path = fulcra_request_get_argument(request, "path");

    if (*path == '\0')
        return walk_answer(kind, NULL);

    g_autoptr(FulcraIdentifier) next = walk_next(path, error);
    if (next == NULL)
        return NULL;
    domain_code_begins(kind);
    domain_code_ends(kind); /* given up during the wait */
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_source(request, next, NULL, error);
    domain_code_begins(kind);
    domain_code_ends(kind);
    return answer == NULL ? NULL : walk_answer(kind, answer);
}

/* In the domain, where the endpoint that asked is serial. */
static void
walk_answered(FulcraRequest *asked, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;
    int kind = walk_kind(request);

    (void)asked;
    domain_code_begins(kind == 5 ? 0 : kind);
    domain_code_ends(kind == 5 ? 0 : kind);
    if (answer != NULL)
        fulcra_request_respond(request, walk_answer(kind, answer));
    else
        fulcra_request_fail(request, g_error_copy(error));
}

static FulcraRepresentation *
walk_defer(FulcraRequest *request, GError **error)
{
    int kind = walk_kind(request);
    const char *path = fulcra_request_get_argument(request, "path");

    if (*path == '\0')
        return walk_answer(kind, NULL);

    g_autoptr(FulcraIdentifier) next = walk_next(path, error);
    if (next == NULL)
        return NULL;
    g_autoptr(FulcraRequest) asked =
            fulcra_request_new(request, FULCRA_VERB_SOURCE, next);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    fulcra_request_issue_async(asked, walk_answered, request);
    return deferred;
}

#define WALK_OPS(kind, function)                                               \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_##kind,           \
        .source = function                                                     \
    }

static const FulcraEndpointOps walk_ops[N_KINDS] = {
    WALK_OPS(SERIAL, walk_source),
    WALK_OPS(SERIAL, walk_source),
    WALK_OPS(CONCURRENT, walk_source),
    WALK_OPS(INLINE, walk_source),
    WALK_OPS(INLINE, walk_defer),
    WALK_OPS(SERIAL, walk_defer),
};

static void
fixture_bind_walkers(Fixture *self)
{
    for (int kind = 0; kind < N_KINDS; kind++) {
        g_autofree char *grammar =
                g_strdup_printf("walk:/%s/{path*}", kind_names[kind]);

        fixture_bind_data(self, grammar, &walk_ops[kind],
                kind < 2    ? self->domains[kind]
                : kind == 5 ? self->domains[0]
                            : NULL,
                GINT_TO_POINTER(kind));
    }
}

static atomic_int warnings;

/* The log of the kernel: a hanging endpoint is named in it. */
static GLogWriterOutput
count_warnings(GLogLevelFlags level, const GLogField *fields, size_t n,
        void *user_data)
{
    (void)user_data;
    if (level != G_LOG_LEVEL_WARNING)
        return g_log_writer_default(level, fields, n, NULL);
    g_assert_nonnull(strstr(fields[0].value, "within the deadline"));
    atomic_fetch_add(&warnings, 1);
    return G_LOG_WRITER_HANDLED;
}

static void
returned(FulcraRequest *request, void *user_data)
{
    (void)request;
    Countdown *countdown = user_data;

    countdown_answered(NULL, NULL, NULL, countdown);
}

/* The @number-th walk of four kinds. (transfer full) */
static FulcraRequest *
fixture_walk(Fixture *self, int number)
{
    g_autofree char *text = g_strdup_printf("walk:/%s/%d%d%d",
            kind_names[number / 216 % N_KINDS], number / 36 % N_KINDS,
            number / 6 % N_KINDS, number % N_KINDS);

    return fixture_root(self, FULCRA_VERB_SOURCE, text);
}

/* Every combination of kinds to a depth of four, all at once, cycles
 * included, on a pool of two workers. */
static void
test_kinds_call_each_other(void)
{
    int n = 1296 * (is_full_size() ? 30 : 2);
    Fixture fixture;
    fixture_init(&fixture, 2, 256);
    fixture_bind_walkers(&fixture);
    fixture_publish(&fixture);

    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        n, 0 };
    for (int i = 0; i < n; i++) {
        g_autoptr(FulcraRequest) root = fixture_walk(&fixture, i);

        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 0);
    g_assert_false(atomic_load(&entered_twice));
    fixture_expect(&fixture, "walk:/s1/0101", "s1 s1 s2 s1 s2");
    fixture_expect(&fixture, "walk:/i/012300", "i s1 s2 c i s1 s1");
    fixture_expect(&fixture, "walk:/ds/540512", "ds ds di s1 ds s2 c");
    fixture_clear(&fixture);
}

/* The same with deadlines that pass at any moment: each is answered once, and
 * all code comes back. */
static void
test_kinds_with_deadlines(void)
{
    int n = 1296 * (is_full_size() ? 10 : 1);
    Fixture fixture;
    fixture_init(&fixture, 2, 64);
    fixture_bind_walkers(&fixture);
    fixture_publish(&fixture);

    Countdown answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        n, 0 };
    Countdown returns = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        n, 0 };
    for (int i = 0; i < n; i++) {
        g_autoptr(FulcraRequest) root = fixture_walk(&fixture, i);

        fulcra_request_set_timeout(root, (unsigned)i % 7);
        fulcra_request_issue_async(root, countdown_answered, &answers);
        fulcra_host_request_when_returned(root, returned, &returns);
        if (i % 11 == 0)
            fulcra_request_cancel(root);
    }
    countdown_wait(&answers);
    countdown_wait(&returns);
    g_test_message("%d of %d in time", n - answers.failed, n);
    g_assert_false(atomic_load(&entered_twice));
    fixture_expect(&fixture, "walk:/s1/0101", "s1 s1 s2 s1 s2");
    fixture_clear(&fixture);
}

/* A walk deeper than the pool has threads ends with "overloaded" or with the
 * depth limit, never in a deadlock. */
static void
test_pool_is_not_exhausted(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 3);
    fixture_bind_walkers(&fixture);
    fixture_publish(&fixture);

    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        200, 0 };
    for (int i = 0; i < 200; i++) {
        g_autoptr(FulcraRequest) root =
                fixture_root(&fixture, FULCRA_VERB_SOURCE,
                        i % 2 ? "walk:/s1/10101010" : "walk:/s2/01010101");

        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_test_message("%d of 200 were refused", countdown.failed);
    fixture_expect(&fixture, "walk:/s1/10", "s1 s2 s1");

    g_autoptr(GError) error = NULL;
    g_autofree char *deep = g_strnfill(100, '3');
    g_autofree char *text = g_strdup_printf("walk:/i/%s", deep);
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, text, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "deep"));
    fixture_clear(&fixture);
}

/* --- deferred answers, deadlines, cancellation --- */

typedef struct {
    FulcraRequest *request;
    unsigned after_ms;
} Later;

static void *
later_answer(void *data)
{
    Later *self = data;

    g_usleep(self->after_ms * 1000);
    fulcra_request_respond(
            self->request, fulcra_representation_new_text("later"));
    g_free(self);
    return NULL;
}

static FulcraRepresentation *
defer_source(FulcraRequest *request, GError **error)
{
    pthread_t thread;
    Later *later = g_new(Later, 1);
    (void)error;

    later->request = request;
    later->after_ms =
            (unsigned)atoi(fulcra_request_get_argument(request, "ms"));
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    pthread_create(&thread, NULL, later_answer, later);
    pthread_detach(thread);
    return deferred;
}

static const FulcraEndpointOps defer_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = defer_source,
};

static FulcraRepresentation *
patient_source(FulcraRequest *request, GError **error)
{
    FulcraSlot slot =
            fulcra_slot_text("ms", fulcra_request_get_argument(request, "ms"));
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/defer/{ms}"), &slot, 1, error);

    g_assert_nonnull(identifier);
    return fulcra_request_source(request, identifier, NULL, error);
}

static const FulcraEndpointOps patient_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .source = patient_source,
};

static void
test_deferred(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/defer/{ms}", &defer_ops);
    fixture_bind(&fixture, "res:/patient/{ms}", &patient_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/defer/0", "later");
    fixture_expect(&fixture, "res:/defer/20", "later");
    fixture_expect(&fixture, "res:/patient/20", "later");

    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        50, 0 };
    for (int i = 0; i < 50; i++) {
        g_autofree char *text = g_strdup_printf(
                "res:/%s/%d", i % 2 ? "defer" : "patient", i % 5);
        g_autoptr(FulcraRequest) root =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, text);
        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 0);
    fixture_clear(&fixture);
}

static void
test_deadline(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/defer/{ms}", &defer_ops);
    fixture_bind(&fixture, "res:/patient/{ms}", &patient_ops);
    fixture_publish(&fixture);

    const char *const texts[] = { "res:/defer/200", "res:/patient/200" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraRequest) waited =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, texts[i]);
        int warned = atomic_load(&warnings);
        fulcra_request_set_timeout(waited, 20);
        g_assert_null(fulcra_request_issue(waited, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TIMEOUT);

        Countdown countdown = { PTHREAD_MUTEX_INITIALIZER,
            PTHREAD_COND_INITIALIZER, 1, 0 };
        g_autoptr(FulcraRequest) async =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, texts[i]);
        fulcra_request_set_timeout(async, 20);
        fulcra_request_issue_async(async, countdown_answered, &countdown);
        countdown_wait(&countdown);
        g_assert_cmpint(countdown.failed, ==, 1);

        while (atomic_load(&warnings) < warned + 2)
            g_usleep(1000); /* the log line may follow the answer */

        /* The code returns later than the caller is told; both are seen. */
        countdown.left = 2;
        fulcra_host_request_when_returned(async, returned, &countdown);
        fulcra_host_request_when_returned(waited, returned, &countdown);
        countdown_wait(&countdown);
    }
    fixture_clear(&fixture);
}

static void
test_cancel(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/defer/{ms}", &defer_ops);
    fixture_bind(&fixture, "res:/patient/{ms}", &patient_ops);
    fixture_publish(&fixture);

    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        1, 0 };
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/patient/300");
    int64_t before = g_get_monotonic_time();
    fulcra_request_issue_async(root, countdown_answered, &countdown);
    fulcra_request_cancel(root);
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 1);

    /* The worker that waited below it is free long before the answer. */
    countdown.left = 1;
    fulcra_host_request_when_returned(root, returned, &countdown);
    countdown_wait(&countdown);
    g_assert_cmpint(g_get_monotonic_time() - before, <, 250 * 1000);
    g_usleep(350 * 1000); /* for the detached thread that answers, for ASan */
    fixture_clear(&fixture);
}

/* --- behind overlays --- */

static FulcraRepresentation *
passing_overlay(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

static const FulcraEndpointOps passing_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = passing_overlay,
};

static Countdown held = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
    1, 0 };

static FulcraRepresentation *
held_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    countdown_wait(&held);
    return NULL;
}

static const FulcraEndpointOps held_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = held_source,
};

/* @wrapped: (transfer full) behind one more overlay. (transfer full) */
static FulcraSpace *
wrap(FulcraSpace *into, FulcraSpace *wrapped)
{
    g_autoptr(FulcraEndpoint) overlay =
            fulcra_host_endpoint_new("passing", &passing_ops, NULL, NULL);

    fulcra_host_space_add_overlay(into, overlay,
            fulcra_host_space_seal(wrapped), FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_unref(wrapped);
    return into;
}

/* Overlays have not returned before what runs behind them has. */
static void
test_returned_behind_overlays(void)
{
    Fixture fixture, inner;
    fixture_init(&fixture, 2, 8);
    inner.space = fulcra_host_space_new("urn:test:inner");
    fixture_bind_data(&inner, "res:/held", &held_ops, NULL, NULL);
    wrap(fixture.space,
            wrap(fulcra_host_space_new("urn:test:middle"), inner.space));
    fixture_publish(&fixture);

    Countdown answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        1, 0 };
    Countdown returns = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        1, 0 };
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/held");
    fulcra_request_set_timeout(root, 20);
    fulcra_request_issue_async(root, countdown_answered, &answers);
    countdown_wait(&answers);
    g_assert_cmpint(answers.failed, ==, 1);

    fulcra_host_request_when_returned(root, returned, &returns);
    pthread_mutex_lock(&returns.lock);
    g_assert_cmpint(returns.left, ==, 1);
    pthread_mutex_unlock(&returns.lock);
    returned(root, &held);
    countdown_wait(&returns);
    fixture_clear(&fixture);
}

/* --- on an event loop --- */

static void
loop_post(FulcraExecutor *self, FulcraTask *task)
{
    (void)self;
    (void)task;
    g_assert_not_reached();
}

static void
test_loop_never_waits(void)
{
    FulcraExecutor loop = { loop_post };
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind_walkers(&fixture);
    fixture_bind(&fixture, "res:/defer/{ms}", &defer_ops);
    fixture_publish(&fixture);

    fulcra_host_thread_enter_loop(fixture.kernel, &loop);
    const char *const refused[] = { "walk:/s1/", "walk:/c/", "walk:/i/0",
        "walk:/i/3332", "res:/defer/0" };
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;

        g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, refused[i], &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "fulcra_request_issue_async"));
    }
    fixture_expect(&fixture, "walk:/i/333", "i i i i");
    fulcra_host_thread_leave_loop(fixture.kernel);
    g_usleep(20 * 1000);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(count_warnings, NULL, NULL);
    g_test_add_func("/run/kinds", test_kinds_call_each_other);
    g_test_add_func("/run/kinds-deadlines", test_kinds_with_deadlines);
    g_test_add_func("/run/pool", test_pool_is_not_exhausted);
    g_test_add_func("/run/deferred", test_deferred);
    g_test_add_func("/run/deadline", test_deadline);
    g_test_add_func("/run/cancel", test_cancel);
    g_test_add_func(
            "/run/returned-behind-overlays", test_returned_behind_overlays);
    g_test_add_func("/run/loop", test_loop_never_waits);
    return g_test_run();
}
