/* SPDX-License-Identifier: MIT */

/*
 * Requests: resolution, arguments, the three ways to run, deferral, deadlines
 */

#include <fulcra-host/identifier.h>
#include <fulcra-host/kernel.h>
#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>
#include <fulcra/fulcra.h>

#define FRONT "urn:test:front"

typedef struct {
    FulcraKernel *kernel;
    FulcraSpace *space;
    FulcraDomain *domains[2];
} Fixture;

static void
fixture_init(Fixture *self, unsigned workers, unsigned max_workers)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.workers = workers;
    limits.max_workers = max_workers;
    limits.timeout_ms = 10000;
    self->kernel = fulcra_host_kernel_new(&limits);
    self->space = fulcra_host_space_new(FRONT);
    self->domains[0] = fulcra_host_domain_new(self->kernel, "one");
    self->domains[1] = fulcra_host_domain_new(self->kernel, "two");
}

static void
fixture_publish(Fixture *self)
{
    fulcra_host_space_seal(self->space);
    fulcra_host_kernel_publish(self->kernel, &self->space, 1, NULL);
}

static void
fixture_clear(Fixture *self)
{
    fulcra_host_kernel_free(self->kernel);
    fulcra_host_space_unref(self->space);
    fulcra_host_domain_unref(self->domains[0]);
    fulcra_host_domain_unref(self->domains[1]);
}

static void
fixture_bind_data(Fixture *self, const char *grammar,
        const FulcraEndpointOps *ops, FulcraDomain *domain, void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(grammar, ops, data, domain);

    fulcra_host_space_bind(self->space, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, &error);
    g_assert_no_error(error);
}

static void
fixture_bind(Fixture *self, const char *grammar, const FulcraEndpointOps *ops)
{
    fixture_bind_data(self, grammar, ops, self->domains[0], NULL);
}

static FulcraRequest *
fixture_root(Fixture *self, FulcraVerb verb, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, &error);

    g_assert_no_error(error);
    return fulcra_host_request_new_root(
            self->kernel, FRONT, NULL, verb, identifier);
}

static char *
fixture_ask(Fixture *self, FulcraVerb verb, const char *text, GError **error)
{
    g_autoptr(FulcraRequest) request = fixture_root(self, verb, text);

    fulcra_request_set_wanted_type(request, FULCRA_TYPE_TEXT);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, error);
    return answer == NULL ? NULL
                          : g_strdup(fulcra_representation_get_text(answer));
}

static void
fixture_expect(Fixture *self, const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(self, FULCRA_VERB_SOURCE, text, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(answer, ==, expected);
}

/* --- resolution and arguments --- */

static FulcraRepresentation *
hello_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "Hello, %s",
            fulcra_request_get_argument(request, "name"));
}

static const FulcraEndpointOps hello_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = hello_source,
};

static FulcraRepresentation *
upper_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);

    if (operand == NULL)
        return NULL;
    g_autofree char *upper =
            g_ascii_strup(fulcra_representation_get_text(operand), -1);
    return fulcra_representation_new_text(upper);
}

static const FulcraEndpointOps upper_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = upper_source,
};

static void
test_arguments(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_bind(&fixture, "active:upper+operand@{}", &upper_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/hello/World", "Hello, World");
    fixture_expect(&fixture, "res:/hello/a%2Bb%40c", "Hello, a+b@c");
    fixture_expect(&fixture, "active:upper+operand@res:/hello/x", "HELLO, X");
    fixture_expect(&fixture,
            "active:upper+operand@active:upper%2Boperand%40res:/hello/x",
            "HELLO, X");
    fixture_expect(&fixture, "active:upper+operand@data:,abc", "ABC");

    /* By value, and as a request that is issued when it is wanted. */
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "active:upper");
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text("by value");
    fulcra_request_add_value(root, "operand", value);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "BY VALUE");
    fixture_clear(&fixture);
}

static FulcraRepresentation *
lazy_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:upper"));
    g_autoptr(FulcraRequest) innermost = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("arg:what"));
    g_autoptr(FulcraRequest) outer = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:upper"));

    fulcra_request_add_request(inner, "operand", innermost);
    fulcra_request_add_request(outer, "operand", inner);
    return fulcra_request_issue(outer, error);
}

static const FulcraEndpointOps lazy_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = lazy_source,
};

static void
test_requests_as_arguments(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_bind(&fixture, "active:upper+operand@{}", &upper_ops);
    fixture_bind(&fixture, "active:lazy+what@{}", &lazy_ops);
    fixture_publish(&fixture);
    fixture_expect(&fixture, "active:lazy+what@res:/hello/you", "HELLO, YOU");
    fixture_clear(&fixture);
}

static void
test_unresolved(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(&fixture, FULCRA_VERB_SINK, "res:/hello/you", &error);
    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    g_assert_nonnull(strstr(fulcra_error_get_trace(error), FRONT));
    g_assert_nonnull(
            strstr(fulcra_error_get_trace(error), "does not answer SINK"));
    g_assert_nonnull(
            strstr(fulcra_error_get_stack(error), "SINK res:/hello/you"));
    fixture_clear(&fixture);
}

static void
test_imports(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    FulcraSpace *library = fulcra_host_space_new("urn:test:library");
    FulcraEndpoint *upper =
            fulcra_host_endpoint_new("upper", &upper_ops, NULL, NULL);
    FulcraEndpoint *hello =
            fulcra_host_endpoint_new("hello", &hello_ops, NULL, NULL);

    g_assert_true(fulcra_host_space_bind(library, "active:upper+operand@{}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, upper, NULL));
    g_assert_true(fulcra_host_space_bind(library, "res:/secret/{name}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PRIVATE, hello, NULL));
    fulcra_host_space_import(library, FRONT, FULCRA_ENTRY_PUBLIC); /* a cycle */
    fulcra_host_space_seal(library);
    fulcra_host_kernel_publish(fixture.kernel, &library, 1, NULL);

    /* The operand is seen by who passes it, not by the library. */
    fulcra_host_space_import(
            fixture.space, "urn:test:absent", FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_import(
            fixture.space, "urn:test:library", FULCRA_ENTRY_PUBLIC);
    fixture_bind(&fixture, "res:/mine/{name}", &hello_ops);
    fixture_publish(&fixture);
    fixture_expect(&fixture, "active:upper+operand@res:/mine/x", "HELLO, X");

    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(&fixture, FULCRA_VERB_SOURCE, "res:/secret/x", &error);
    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    g_assert_nonnull(strstr(fulcra_error_get_trace(error), "hello: private"));
    g_assert_nonnull(strstr(fulcra_error_get_trace(error),
            "import urn:test:absent: no such space is published"));

    const char *const withdrawn[] = { "urn:test:library", NULL };
    fulcra_host_kernel_publish(fixture.kernel, NULL, 0, withdrawn);
    g_clear_error(&error);
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE,
            "active:upper+operand@res:/mine/x", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);

    fulcra_host_endpoint_unref(upper);
    fulcra_host_endpoint_unref(hello);
    fulcra_host_space_unref(library);
    fixture_clear(&fixture);
}

/* --- transreption --- */

static void
test_transreption(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/x");
    g_autoptr(FulcraRepresentation) text = fulcra_representation_new_bytes(
            FULCRA_TYPE_BYTES, "[\"a\",\"b\"]", 9);
    g_autoptr(FulcraRepresentation) strings = fulcra_request_transrept(
            root, text, FULCRA_TYPE_STRINGS, &error); /* by way of json */
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_strings(strings)[1], ==, "b");

    g_autoptr(FulcraRepresentation) json =
            fulcra_request_transrept(root, text, FULCRA_TYPE_JSON, &error);
    g_autoptr(FulcraRepresentation) again =
            fulcra_request_transrept(root, text, FULCRA_TYPE_JSON, &error);
    g_assert_no_error(error);
    g_assert_true(json == again); /* parsed once */

    g_autoptr(FulcraRepresentation) wrong =
            fulcra_request_transrept(root, text, FULCRA_TYPE_SOCKET, &error);
    g_assert_null(wrong);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_clear_error(&error);

    g_autofree char *deep = g_strnfill(200000, '[');
    g_autoptr(FulcraRepresentation) bomb = fulcra_representation_new_text(deep);
    wrong = fulcra_request_transrept(root, bomb, FULCRA_TYPE_JSON, &error);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    fixture_clear(&fixture);
}

static FulcraRepresentation *
count_transrept(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_printf("test/length", "%zu",
            strlen(fulcra_representation_get_text(
                    fulcra_request_get_primary(request))));
}

static const FulcraEndpointOps count_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .transrept = count_transrept,
};

/* A conversion of one's own, in a domain; asked with and without waiting. */
static void
test_transreptor_of_a_module(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    g_autoptr(FulcraEndpoint) count = fulcra_host_endpoint_new(
            "count", &count_ops, NULL, fixture.domains[0]);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fulcra_host_space_add_transreptor(
            fixture.space, FULCRA_TYPE_TEXT, "test/length", count);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/abc");
    fulcra_request_set_wanted_type(root, "test/length");
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "10");
    fixture_clear(&fixture);
}

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

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int left, failed;
} Countdown;

static void
countdown_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Countdown *self = user_data;

    (void)request;
    (void)answer;
    pthread_mutex_lock(&self->lock);
    self->failed += error != NULL;
    if (--self->left == 0)
        pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
countdown_wait(Countdown *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->left > 0)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
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

static bool
is_full_size(void)
{
    return g_strcmp0(g_getenv("FULCRA_TEST_SIZE"), "full") == 0;
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

/* --- resolutions that are kept --- */

static void
test_kept_resolution(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) first =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/kept");
    FulcraResolution *kept = fulcra_host_request_resolve(first, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2; i++) {
        g_autoptr(FulcraRequest) request =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/kept");
        fulcra_host_request_use_resolution(request, kept);
        g_autoptr(FulcraRepresentation) answer =
                fulcra_request_issue(request, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(
                fulcra_representation_get_text(answer), ==, "Hello, kept");
        g_assert_cmpint(i == 0, ==,
                fulcra_host_resolution_is_current(kept, fixture.kernel));
        fulcra_host_kernel_publish(fixture.kernel, &fixture.space, 1, NULL);
    }
    fulcra_host_resolution_unref(kept);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(count_warnings, NULL, NULL);
    g_test_add_func("/request/arguments", test_arguments);
    g_test_add_func("/request/as-arguments", test_requests_as_arguments);
    g_test_add_func("/request/unresolved", test_unresolved);
    g_test_add_func("/request/imports", test_imports);
    g_test_add_func("/request/transreption", test_transreption);
    g_test_add_func("/request/transreptor", test_transreptor_of_a_module);
    g_test_add_func("/request/kinds", test_kinds_call_each_other);
    g_test_add_func("/request/kinds-deadlines", test_kinds_with_deadlines);
    g_test_add_func("/request/pool", test_pool_is_not_exhausted);
    g_test_add_func("/request/deferred", test_deferred);
    g_test_add_func("/request/deadline", test_deadline);
    g_test_add_func("/request/cancel", test_cancel);
    g_test_add_func("/request/loop", test_loop_never_waits);
    g_test_add_func("/request/kept-resolution", test_kept_resolution);
    return g_test_run();
}
