/* SPDX-License-Identifier: MIT */

/*
 * The cache: what is kept, for whom, and until when
 */

#include "kernel-fixture.h"
#include "private/cut.h"
#include <fulcra-host/inspect.h>

/* An endpoint with a state: how often it was evaluated is what it answers. */
static atomic_int evaluated;
static atomic_int delay_us;

static FulcraRepresentation *
keyed_source(FulcraRequest *request, GError **error)
{
    (void)error;
    int n = atomic_fetch_add(&evaluated, 1) + 1;

    if (atomic_load(&delay_us) > 0)
        g_usleep((unsigned long)atomic_load(&delay_us));
    fulcra_request_attach_key(
            request, fulcra_request_get_argument(request, "key"));
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%d", n);
}

static const FulcraEndpointOps keyed_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = keyed_source,
};

static FulcraRepresentation *
silent_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%d", atomic_fetch_add(&evaluated, 1) + 1);
}

static const FulcraEndpointOps silent_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = silent_source,
};

static FulcraRepresentation *
stated_source(FulcraRequest *request, GError **error)
{
    const char *expiry = fulcra_request_get_argument(request, "expiry");
    FulcraRepresentation *answer = silent_source(request, error);

    if (g_str_equal(expiry, "never"))
        return fulcra_representation_with_expiry(
                answer, FULCRA_EXPIRY_NEVER, 0);
    if (g_str_equal(expiry, "always"))
        return fulcra_representation_with_expiry(
                answer, FULCRA_EXPIRY_ALWAYS, 0);
    if (g_str_equal(expiry, "later"))
        fulcra_request_attach_key(request, "later");
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_AT,
            g_get_real_time() +
                    (g_str_equal(expiry, "later") ? 3600000000 : 30000));
}

static const FulcraEndpointOps stated_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = stated_source,
};

/* What was made of something else: expires with it. */
static FulcraRepresentation *
upper_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);

    if (operand == NULL)
        return NULL;
    atomic_fetch_add(&evaluated, 100);
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "<%s>", fulcra_representation_get_text(operand));
}

static const FulcraEndpointOps upper_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = upper_source,
};

/* Hands on something that never expires, after a look at what always does. */
static FulcraRepresentation *
hand_on_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) seen = fulcra_request_source(
            request, FULCRA_ID("res:/stated/always"), NULL, error);

    if (seen == NULL)
        return NULL;
    atomic_fetch_add(&evaluated, 100);
    return fulcra_request_source(
            request, FULCRA_ID("res:/stated/never"), NULL, error);
}

static const FulcraEndpointOps hand_on_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = hand_on_source,
};

static void
fixture_open(Fixture *self)
{
    fixture_init(self, 4, 64);
    fixture_bind(self, "res:/keyed/{key*}", &keyed_ops);
    fixture_bind(self, "res:/silent", &silent_ops);
    fixture_bind(self, "res:/stated/{expiry}", &stated_ops);
    fixture_bind(self, "active:upper+operand@{}", &upper_ops);
    fixture_bind(self, "res:/handed-on", &hand_on_ops);
    atomic_store(&evaluated, 0);
    atomic_store(&delay_us, 0);
}

static void
cut(Fixture *self, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("active:cutExpiryKey+id@%s", key);

    g_free(fixture_ask(self, FULCRA_VERB_SOURCE, text, &error));
    g_assert_no_error(error);
}

static void
test_what_is_kept(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/keyed/a", "1");
    fixture_expect(&fixture, "res:/keyed/a", "1");
    fixture_expect(&fixture, "res:/keyed/b", "2");
    fixture_expect(&fixture, "res:/silent", "3"); /* who knows what it read */
    fixture_expect(&fixture, "res:/silent", "4");
    fixture_expect(&fixture, "res:/stated/never", "5");
    fixture_expect(&fixture, "res:/stated/never", "5");
    fixture_expect(&fixture, "res:/stated/always", "6");
    fixture_expect(&fixture, "res:/stated/always", "7");
    fixture_expect(&fixture, "res:/stated/soon", "8");
    fixture_expect(&fixture, "res:/stated/soon", "8");
    g_usleep(40000); /* until its time has come */
    fixture_expect(&fixture, "res:/stated/soon", "9");

    /* Made of these, with the same fate; evaluated as often. */
    atomic_store(&evaluated, 0);
    fixture_expect(&fixture, "active:upper+operand@res:/keyed/a", "<1>");
    fixture_expect(&fixture, "active:upper+operand@res:/keyed/a", "<1>");
    g_assert_cmpint(atomic_load(&evaluated), ==, 100);
    fixture_expect(&fixture, "active:upper+operand@res:/silent", "<101>");
    fixture_expect(&fixture, "active:upper+operand@res:/silent", "<202>");
    fixture_clear(&fixture);
}

/* One request for @identifier, given what the callback adds. */
typedef void (*Give)(FulcraRequest *request, const char *what);

static void
give_value(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text(what);

    fulcra_request_add_value(request, "operand", value);
}

static void
give_typed(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_bytes("text/css", what, strlen(what));

    fulcra_request_add_value(request, "operand", value);
}

static void
give_marked(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraRepresentation) value = fulcra_representation_with_header(
            fulcra_representation_new_text("same"), "mark", what);

    fulcra_request_add_value(request, "operand", value);
}

static void
give_reference(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(what, NULL);

    fulcra_request_add_reference(request, "operand", identifier);
}

/* Who asks; a request that is passed is one of its own. */
static FulcraRequest *asker;

static void
give_request(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(what, NULL);
    g_autoptr(FulcraRequest) passed =
            fulcra_request_new(asker, FULCRA_VERB_SOURCE, identifier);

    fulcra_request_add_request(request, "operand", passed);
}

static void
give_boxed(FulcraRequest *request, const char *what)
{
    g_autoptr(FulcraRepresentation) value = fulcra_representation_new_strings(
            (const char *const[]){ what, NULL });

    fulcra_request_add_value(request, "operand", value);
}

static void
give_too_much(FulcraRequest *request, const char *what)
{
    g_autofree char *long_text = g_strnfill(100000, *what);

    give_value(request, long_text);
}

/* The earliest of what it states and what it was made from, whichever way. */
static void
test_what_comes_first(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/stated/later", "1");
    fixture_expect(&fixture, "res:/stated/later", "1");
    cut(&fixture, "later");
    fixture_expect(&fixture, "res:/stated/later", "2");

    fixture_expect(&fixture, "active:upper+operand@res:/stated/soon", "<3>");
    fixture_expect(&fixture, "active:upper+operand@res:/stated/soon", "<3>");
    g_usleep(40000); /* until its time has come */
    fixture_expect(&fixture, "active:upper+operand@res:/stated/soon", "<104>");
    fixture_clear(&fixture);
}

/* What is not kept itself has a time all the same. */
static FulcraRepresentation *
boxed_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) stated =
            fulcra_host_identifier_parse("active:stated-soon", error);
    g_autoptr(FulcraRequest) inner =
            fulcra_request_new(request, FULCRA_VERB_SOURCE, stated);

    give_boxed(inner, "x");
    g_autoptr(FulcraRepresentation) seen = fulcra_request_issue(inner, error);
    return seen == NULL ? NULL
                        : fulcra_representation_new_text(
                                  fulcra_representation_get_text(seen));
}

static const FulcraEndpointOps boxed_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = boxed_source,
};

static FulcraRepresentation *
soon_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_with_expiry(silent_source(request, error),
            FULCRA_EXPIRY_AT, g_get_real_time() + 30000);
}

static const FulcraEndpointOps soon_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = soon_source,
};

static void
test_time_of_what_is_not_kept(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "active:stated-soon+operand@{}", &soon_ops);
    fixture_bind(&fixture, "res:/boxed", &boxed_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/boxed", "1");
    fixture_expect(&fixture, "res:/boxed", "1");
    g_usleep(40000); /* until its time has come */
    fixture_expect(&fixture, "res:/boxed", "2");
    fixture_clear(&fixture);
}

/* A sub-request that is left out of what the answer depends on. */
static FulcraRepresentation *
counting_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) count = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("res:/silent"));

    fulcra_request_set_independent(count);
    g_autoptr(FulcraRepresentation) counted =
            fulcra_request_issue(count, error);
    if (counted == NULL)
        return NULL;
    return fulcra_request_source(
            request, FULCRA_ID("res:/keyed/a"), NULL, error);
}

static const FulcraEndpointOps counting_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = counting_source,
};

static void
test_independent(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "res:/counting", &counting_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/counting", "2");
    fixture_expect(&fixture, "res:/counting", "2");
    cut(&fixture, "a");
    fixture_expect(&fixture, "res:/counting", "4");
    fixture_clear(&fixture);
}

/* Another's expiry is not one's own: what it depended on counts. */
static void
test_handed_on(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, "res:/handed-on", NULL));
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, "res:/handed-on", NULL));
    g_assert_cmpint(atomic_load(&evaluated) / 100, ==, 2);
    fixture_clear(&fixture);
}

static void
test_cuts(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/keyed/stock:ACME", "1");
    fixture_expect(&fixture, "res:/keyed/stock:ABC", "2");
    fixture_expect(&fixture, "res:/keyed/other", "3");
    fixture_expect(
            &fixture, "active:upper+operand@res:/keyed/stock:ACME", "<1>");
    cut(&fixture, "stock%3AACME");
    fixture_expect(&fixture, "res:/keyed/stock:ABC", "2");
    fixture_expect(
            &fixture, "active:upper+operand@res:/keyed/stock:ACME", "<104>");
    fixture_expect(&fixture, "res:/keyed/stock:ACME", "104");
    cut(&fixture, "stock%3A*");
    fixture_expect(&fixture, "res:/keyed/stock:ABC", "205");
    fixture_expect(&fixture, "res:/keyed/stock:ACME", "206");
    fixture_expect(&fixture, "res:/keyed/other", "3");
    cut(&fixture, "stock%3AACME+id@other");
    fixture_expect(&fixture, "res:/keyed/other", "207");
    fixture_expect(&fixture, "res:/keyed/stock:ACME", "208");
    cut(&fixture, "*");
    fixture_expect(&fixture, "res:/keyed/other", "209");
    fixture_clear(&fixture);
}

/* --- a cut that falls into an evaluation is not lost --- */

static atomic_int state; /* what the endpoint reads */
static atomic_bool changing;

static FulcraRepresentation *
racing_source(FulcraRequest *request, GError **error)
{
    (void)error;
    int seen = atomic_load(&state);

    for (int i = g_random_int_range(0, 50); i > 0; i--)
        atomic_load(&state);
    fulcra_request_attach_key(request, "state"); /* after the reading */
    return fulcra_representation_new_int(seen);
}

static const FulcraEndpointOps racing_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = racing_source,
};

static void *
change_state(void *data)
{
    (void)data;
    while (atomic_load(&changing)) {
        atomic_fetch_add(&state, 1);
        fulcra__cut("state");
        for (int i = g_random_int_range(0, 200); i > 0; i--)
            atomic_load(&changing);
    }
    return NULL;
}

static void
test_no_cut_is_lost(void)
{
    int rounds = is_full_size() ? 100000 : 3000;
    pthread_t writer;
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "res:/racing", &racing_ops);
    fixture_publish(&fixture);

    atomic_store(&changing, true);
    pthread_create(&writer, NULL, change_state, NULL);
    for (int i = 0; i < rounds; i++) {
        /* What is answered may change meanwhile, but is no older than what was
         * true and cut before it was asked. */
        int before = atomic_load(&state);
        g_autofree char *answer =
                fixture_ask(&fixture, FULCRA_VERB_SOURCE, "res:/racing", NULL);

        g_assert_cmpint(atoi(answer), >=, before - 1);
    }
    atomic_store(&changing, false);
    pthread_join(writer, NULL);
    g_autofree char *last = g_strdup_printf("%d", atomic_load(&state));
    fixture_expect(&fixture, "res:/racing", last);
    fixture_expect(&fixture, "res:/racing", last);
    fixture_clear(&fixture);
}

static void
ask_many(Fixture *fixture, const char *text, int n)
{
    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        n, 0 };

    for (int i = 0; i < n; i++) {
        g_autoptr(FulcraRequest) root =
                fixture_root(fixture, FULCRA_VERB_SOURCE, text);

        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 0);
}

/* The same where several ask at once, some for what is made of it: who joins an
 * evaluation that began before a cut is not given what came of it after. */
static void *
ask_racing(void *data)
{
    static const char *const asked[] = { "res:/racing",
        "active:copy+operand@res:/racing" };
    int rounds = is_full_size() ? 50000 : 1500;

    for (int i = 0; i < rounds; i++) {
        int before = atomic_load(&state);
        g_autofree char *answer =
                fixture_ask(data, FULCRA_VERB_SOURCE, asked[i % 2], NULL);

        g_assert_cmpint(atoi(answer), >=, before - 1);
    }
    return NULL;
}

static FulcraRepresentation *
copy_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);

    return operand == NULL ? NULL
                           : fulcra_representation_new_text(
                                     fulcra_representation_get_text(operand));
}

static const FulcraEndpointOps copy_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = copy_source,
};

static void
test_no_cut_is_lost_by_many(void)
{
    pthread_t writer, asking[3];
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "res:/racing", &racing_ops);
    fixture_bind(&fixture, "active:copy+operand@{}", &copy_ops);
    fixture_publish(&fixture);

    atomic_store(&changing, true);
    pthread_create(&writer, NULL, change_state, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(asking); i++)
        pthread_create(&asking[i], NULL, ask_racing, &fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(asking); i++)
        pthread_join(asking[i], NULL);
    atomic_store(&changing, false);
    pthread_join(writer, NULL);
    g_autofree char *last = g_strdup_printf("%d", atomic_load(&state));
    fixture_expect(&fixture, "active:copy+operand@res:/racing", last);
    fixture_clear(&fixture);
}

/* --- noted values --- */

typedef struct {
    FulcraContext context;
    uint64_t identity;
    const char *name;
} Layer;

static void
layer_free(FulcraContext *context)
{
    (void)context;
}

static uint64_t
layer_get_identity(FulcraContext *context)
{
    return ((Layer *)context)->identity;
}

static FulcraRepresentation *
layer_source(FulcraRequest *request, GError **error)
{
    (void)error;
    atomic_fetch_add(&evaluated, 1);
    return fulcra_representation_with_expiry(
            fulcra_representation_new_text(
                    ((Layer *)fulcra_host_request_get_layer(request))->name),
            FULCRA_EXPIRY_NEVER, 0);
}

static FulcraRepresentation *
layer_sink(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return NULL;
}

static const FulcraEndpointOps layer_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = layer_source,
    .sink = layer_sink,
};

/* Writes to the layer, as to the headers of an answer. */
static FulcraRepresentation *
write_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text("written");

    if (!fulcra_request_sink(request, FULCRA_ID("who:/name"), value, error))
        return NULL;
    atomic_fetch_add(&evaluated, 100);
    return fulcra_representation_with_expiry(
            fulcra_representation_ref(value), FULCRA_EXPIRY_NEVER, 0);
}

static const FulcraEndpointOps write_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = write_source,
};

/* How often it was evaluated for who has @context. */
static int
evaluations_of_writing(Fixture *fixture, FulcraContext *context)
{
    int before = atomic_load(&evaluated);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) request =
            fulcra_host_request_new_root(fixture->kernel, FRONT, context,
                    FULCRA_VERB_SOURCE, FULCRA_ID("res:/write"));
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);

    g_assert_no_error(error);
    return (atomic_load(&evaluated) - before) / 100;
}

/* Greets whoever the layer names, or everybody: the absence counts too. */
static FulcraRepresentation *
greet_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) name = fulcra_request_source(
            request, FULCRA_ID("who:/name"), FULCRA_TYPE_TEXT, NULL);
    const char *language = fulcra_request_get_header(request, "language");

    (void)error;
    atomic_fetch_add(&evaluated, 100);
    return fulcra_representation_with_expiry(
            fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s %s",
                    language != NULL ? language : "hello",
                    name != NULL ? fulcra_representation_get_text(name)
                                 : "everybody"),
            FULCRA_EXPIRY_NEVER, 0);
}

static const FulcraEndpointOps greet_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = greet_source,
};

static char *
greet(Fixture *fixture, FulcraContext *context, const char *language)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse("res:/greet", NULL);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            fixture->kernel, FRONT, context, FULCRA_VERB_SOURCE, identifier);

    if (language != NULL)
        fulcra_request_set_header(request, "language", language, true);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);
    g_assert_no_error(error);
    return g_strdup(fulcra_representation_get_text(answer));
}

static void
assert_greeting(Fixture *fixture, Layer *layer, const char *language,
        const char *expected, int evaluations)
{
    int before = atomic_load(&evaluated);
    g_autofree char *answer =
            greet(fixture, layer == NULL ? NULL : &layer->context, language);

    g_assert_cmpstr(answer, ==, expected);
    g_assert_cmpint((atomic_load(&evaluated) - before) / 100, ==, evaluations);
}

static void
test_noted_values(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "res:/greet", &greet_ops);
    fixture_bind(&fixture, "res:/write", &write_ops);
    fixture_publish(&fixture);

    g_autoptr(FulcraSpace) space = fulcra_host_space_new("who");
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("who", &layer_ops, NULL, NULL);
    g_assert_true(fulcra_host_space_bind(space, "who:/name", FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, NULL));
    fulcra_host_space_seal(space);
    FulcraContextScheme scheme = { fulcra_intern("who"), space };
    FulcraContextClass klass = { "who", 1, &scheme, layer_free, NULL,
        layer_get_identity };
    Layer ann = { .identity = 7, .name = "Ann" };
    Layer ann_again = { .identity = 7, .name = "Ann" };
    Layer bob = { .identity = 8, .name = "Bob" };
    Layer lone = { .name = "Lone" }, other = { .name = "Other" };
    Layer *layers[] = { &ann, &ann_again, &bob, &lone, &other };

    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++)
        fulcra_host_context_init(&layers[i]->context, &klass, NULL);
    assert_greeting(&fixture, NULL, NULL, "hello everybody", 1);
    assert_greeting(&fixture, &ann, NULL, "hello Ann", 1);
    assert_greeting(&fixture, &ann_again, NULL, "hello Ann", 0);
    assert_greeting(&fixture, &bob, NULL, "hello Bob", 1);
    assert_greeting(&fixture, &lone, NULL, "hello Lone", 1);
    assert_greeting(&fixture, &other, NULL, "hello Other", 1);
    assert_greeting(&fixture, &lone, NULL, "hello Lone", 0);
    assert_greeting(&fixture, NULL, NULL, "hello everybody", 0);
    assert_greeting(&fixture, &ann, "bonjour", "bonjour Ann", 1);
    assert_greeting(&fixture, &ann_again, "bonjour", "bonjour Ann", 0);
    assert_greeting(&fixture, &ann, NULL, "hello Ann", 0);

    /* What was written to one was not written to another. */
    g_assert_cmpint(evaluations_of_writing(&fixture, &ann.context), ==, 1);
    g_assert_cmpint(evaluations_of_writing(&fixture, &bob.context), ==, 1);
    g_assert_cmpint(evaluations_of_writing(&fixture, &ann.context), ==, 0);
    fixture_clear(&fixture);
}

/* --- what is given beside the identifier --- */

static void
expect_given(Fixture *fixture, Give give, const char *what,
        const char *expected, int evaluations)
{
    int before = atomic_load(&evaluated);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(fixture, FULCRA_VERB_SOURCE, "res:/asks");
    g_autoptr(FulcraRequest) request = fulcra_request_new(
            root, FULCRA_VERB_SOURCE, FULCRA_ID("active:upper"));

    asker = root;
    give(request, what);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);
    g_assert_no_error(error);
    if (expected != NULL)
        g_assert_cmpstr(fulcra_representation_get_text(answer), ==, expected);
    g_assert_cmpint((atomic_load(&evaluated) - before) / 100, ==, evaluations);
}

static void
test_given(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    expect_given(&fixture, give_value, "a", "<a>", 1);
    expect_given(&fixture, give_value, "a", "<a>", 0);
    expect_given(&fixture, give_value, "b", "<b>", 1);
    expect_given(&fixture, give_typed, "a", "<a>", 1);
    expect_given(&fixture, give_typed, "a", "<a>", 0);
    expect_given(&fixture, give_marked, "x", "<same>", 1);
    expect_given(&fixture, give_marked, "y", "<same>", 1);
    expect_given(&fixture, give_marked, "x", "<same>", 0);
    expect_given(&fixture, give_boxed, "a", "<a>", 1);
    expect_given(&fixture, give_boxed, "a", "<a>", 1);
    expect_given(&fixture, give_too_much, "a", NULL, 1);
    expect_given(&fixture, give_too_much, "a", NULL, 1);

    atomic_store(&evaluated, 0);
    expect_given(&fixture, give_reference, "res:/keyed/k", "<1>", 1);
    expect_given(&fixture, give_reference, "res:/keyed/k", "<1>", 0);
    expect_given(&fixture, give_request, "res:/keyed/k", "<1>", 1);
    expect_given(&fixture, give_request, "res:/keyed/k", "<1>", 0);
    atomic_store(&evaluated, 1);
    expect_given(&fixture, give_reference, "res:/keyed/l", "<2>", 1);
    cut(&fixture, "k");
    expect_given(&fixture, give_reference, "res:/keyed/k", "<103>", 1);
    fixture_clear(&fixture);
}

/* `arg:` in an identifier means what who asks was given. */
static FulcraRepresentation *
relay_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(request,
            FULCRA_ID("active:upper+operand@arg:what"), FULCRA_TYPE_TEXT,
            error);
}

static const FulcraEndpointOps relay_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = relay_source,
};

static void
test_arguments_of_who_asks(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "active:relay+what@{}", &relay_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "active:relay+what@res:/keyed/a", "<1>");
    fixture_expect(&fixture, "active:relay+what@res:/keyed/b", "<102>");
    fixture_expect(&fixture, "active:relay+what@res:/keyed/a", "<1>");
    fixture_expect(&fixture, "active:relay+what@literal", "<literal>");
    fixture_expect(&fixture, "active:relay+what@other", "<other>");
    g_assert_cmpint(atomic_load(&evaluated), ==, 402);

    /* The same thing by another way: it is there already. */
    fixture_expect(&fixture,
            "active:relay+what@active:upper%2Boperand%40res:/keyed/a", "<<1>>");
    g_assert_cmpint(atomic_load(&evaluated), ==, 602);
    fixture_clear(&fixture);
}

/* --- checks --- */

static atomic_int checked;
static atomic_int check_says; /* 1: yes, 0: no, -1: fails */

static FulcraRepresentation *
check_exists(FulcraRequest *request, GError **error)
{
    (void)request;
    atomic_fetch_add(&checked, 1);
    if (atomic_load(&check_says) < 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "broken");
        return NULL;
    }
    return fulcra_representation_new_bool(atomic_load(&check_says) == 1);
}

static const FulcraEndpointOps check_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .exists = check_exists,
};

static FulcraRepresentation *
checked_source(FulcraRequest *request, GError **error)
{
    fulcra_request_attach_check(request, FULCRA_ID("res:/check"));
    return silent_source(request, error);
}

static const FulcraEndpointOps checked_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = checked_source,
};

static void
fixture_open_checked(Fixture *self)
{
    fixture_open(self);
    fixture_bind(self, "res:/check", &check_ops);
    fixture_bind(self, "res:/checked", &checked_ops);
    fixture_publish(self);
    atomic_store(&checked, 0);
    atomic_store(&check_says, 1);
}

/* Asks until the check was asked once more. */
static void
expect_checked(Fixture *fixture, const char *text, const char *before,
        const char *after)
{
    int n = atomic_load(&checked);
    g_autofree char *answer = NULL;

    while (atomic_load(&checked) == n) {
        g_clear_pointer(&answer, g_free);
        answer = fixture_ask(fixture, FULCRA_VERB_SOURCE, text, NULL);
        if (atomic_load(&checked) == n)
            g_assert_cmpstr(answer, ==, before);
        g_usleep(5000);
    }
    g_assert_cmpstr(answer, ==, after);
    g_assert_cmpint(atomic_load(&checked), ==, n + 1);
}

static void
test_checks(void)
{
    Fixture fixture;
    int64_t begin = g_get_monotonic_time();
    fixture_open_checked(&fixture);

    fixture_expect(&fixture, "res:/checked", "1");
    fixture_expect(&fixture, "active:upper+operand@res:/checked", "<1>");
    expect_checked(&fixture, "res:/checked", "1", "1");
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, G_USEC_PER_SEC);

    /* What was made of it expires as well. */
    atomic_store(&check_says, 0);
    expect_checked(
            &fixture, "active:upper+operand@res:/checked", "<1>", "<102>");
    fixture_expect(&fixture, "res:/checked", "102");
    atomic_store(&check_says, -1);
    expect_checked(&fixture, "res:/checked", "102", "203");
    fixture_expect(&fixture, "res:/checked", "203");
    fixture_clear(&fixture);
}

/* Those who ask at once are told after one check, whatever it says. */
static void
test_checks_are_shared(void)
{
    Fixture fixture;
    fixture_open_checked(&fixture);

    ask_many(&fixture, "res:/checked", 1);
    g_usleep(1100000); /* until the check is due */
    ask_many(&fixture, "res:/checked", 200);
    g_assert_cmpint(atomic_load(&checked), ==, 1);
    g_assert_cmpint(atomic_load(&evaluated), ==, 1);
    atomic_store(&check_says, 0);
    g_usleep(1100000);
    ask_many(&fixture, "res:/checked", 200);
    g_assert_cmpint(atomic_load(&checked), ==, 2);
    g_assert_cmpint(atomic_load(&evaluated), ==, 2);
    fixture_clear(&fixture);
}

/* --- single flight --- */

static void
test_single_flight(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    atomic_store(&delay_us, 20000);
    ask_many(&fixture, "res:/keyed/slow", 1000);
    g_assert_cmpint(atomic_load(&evaluated), ==, 1);

    /* Through something that is made of it: both are evaluated once. */
    atomic_store(&evaluated, 0);
    ask_many(&fixture, "active:upper+operand@res:/keyed/slow-too", 1000);
    g_assert_cmpint(atomic_load(&evaluated), ==, 101);
    fixture_clear(&fixture);
}

/* A leader that is cancelled leaves those who wait to one of them. */
static void
test_leader_is_cancelled(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_publish(&fixture);

    Countdown leader = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1,
        0 };
    Countdown others = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        100, 0 };
    atomic_store(&delay_us, 20000);
    g_autoptr(FulcraRequest) first =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/keyed/x");
    fulcra_request_issue_async(first, countdown_answered, &leader);
    while (atomic_load(&evaluated) == 0)
        g_usleep(500);
    for (int i = 0; i < 100; i++) {
        g_autoptr(FulcraRequest) root =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/keyed/x");

        fulcra_request_issue_async(root, countdown_answered, &others);
    }
    fulcra_request_cancel(first);
    countdown_wait(&leader);
    countdown_wait(&others);
    g_assert_cmpint(leader.failed, ==, 1);
    g_assert_cmpint(others.failed, ==, 0);
    g_assert_cmpint(atomic_load(&evaluated), ==, 2);
    fixture_clear(&fixture);
}

/* --- circles --- */

static FulcraRepresentation *
ring_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    FulcraSlot slot = fulcra_slot_text("name", *name == 'a' ? "b" : "a");
    g_autoptr(FulcraIdentifier) next = fulcra_identifier_build(
            FULCRA_GRAMMAR("ring:/{name}"), &slot, 1, error);

    g_usleep(100);
    return fulcra_request_source(request, next, NULL, error);
}

static const FulcraEndpointOps ring_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = ring_source,
};

/* a needs b, b needs a: each tree sees that it waits for itself, and two trees
 * that begin at both ends do not wait for each other. */
static void
test_circles(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_bind(&fixture, "ring:/{name}", &ring_ops);
    fixture_publish(&fixture);

    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        200, 0 };
    for (int i = 0; i < 200; i++) {
        g_autoptr(FulcraRequest) root = fixture_root(
                &fixture, FULCRA_VERB_SOURCE, i % 2 ? "ring:/a" : "ring:/b");

        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 200);

    g_autoptr(GError) error = NULL;
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, "ring:/a", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "depends on itself"));
    fixture_clear(&fixture);
}

/* --- publishing, overlays, room --- */

static atomic_int passed;

static FulcraRepresentation *
count_overlay(FulcraRequest *request, GError **error)
{
    (void)error;
    atomic_fetch_add(&passed, 1);
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

/* Overlays run for every request; what they guard is evaluated once. */
static void
test_overlays_run(void)
{
    FulcraEndpointOps ops = {
        .size = sizeof ops, .run = FULCRA_RUN_INLINE, .overlay = count_overlay
    };
    Fixture fixture;
    fixture_init(&fixture, 4, 64);
    g_autoptr(FulcraEndpoint) overlay =
            fulcra_host_endpoint_new("count", &ops, NULL, NULL);
    g_autoptr(FulcraSpace) wrapped = fulcra_host_space_new("urn:wrapped");
    g_autoptr(FulcraEndpoint) keyed =
            fulcra_host_endpoint_new("keyed", &keyed_ops, NULL, NULL);
    g_assert_true(fulcra_host_space_bind(wrapped, "res:/keyed/{key*}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, keyed, NULL));
    fulcra_host_space_add_overlay(fixture.space, overlay,
            fulcra_host_space_seal(wrapped), FULCRA_ENTRY_PUBLIC);
    fixture_bind(&fixture, "active:upper+operand@{}", &upper_ops);
    atomic_store(&evaluated, 0);
    atomic_store(&delay_us, 0);
    fixture_publish(&fixture);

    for (int i = 1; i <= 5; i++) {
        fixture_expect(&fixture, "res:/keyed/x", "1");
        g_assert_cmpint(atomic_load(&passed), ==, i);
    }
    /* What is made of it must ask again each time. */
    fixture_expect(&fixture, "active:upper+operand@res:/keyed/x", "<1>");
    fixture_expect(&fixture, "active:upper+operand@res:/keyed/x", "<1>");
    g_assert_cmpint(atomic_load(&passed), ==, 7);
    g_assert_cmpint(atomic_load(&evaluated), ==, 201);
    fixture_clear(&fixture);
}

/* What was answered by a space that is replaced expires; the rest does not. */
static void
test_publish(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fulcra_host_space_import(
            fixture.space, "urn:test:later", FULCRA_ENTRY_PUBLIC);
    g_autoptr(FulcraSpace) first = fulcra_host_space_new("urn:test:first");
    fulcra_host_space_import(first, FRONT, FULCRA_ENTRY_PUBLIC);
    fulcra_host_kernel_publish(fixture.kernel,
            (FulcraSpace *[]){ fulcra_host_space_seal(first) }, 1, NULL);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/stated/never", "1");
    g_autoptr(FulcraSpace) later = fulcra_host_space_new("urn:test:later");
    fulcra_host_kernel_publish(fixture.kernel,
            (FulcraSpace *[]){ fulcra_host_space_seal(later) }, 1, NULL);
    fixture_expect(&fixture, "res:/stated/never", "1"); /* bound before it */

    g_autoptr(GError) error = NULL;
    g_free(fixture_ask(&fixture, FULCRA_VERB_EXISTS, "res:/nothing", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    fulcra_host_kernel_publish(fixture.kernel, &fixture.space, 1, NULL);
    fixture_expect(&fixture, "res:/stated/never", "2");
    fixture_clear(&fixture);
}

static void
test_room(void)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;
    Fixture fixture;

    limits.cache_bytes = 256 * 1024;
    fixture_init_with(&fixture, &limits);
    fixture_bind(&fixture, "res:/keyed/{key*}", &keyed_ops);
    fixture_publish(&fixture);
    atomic_store(&delay_us, 0);
    for (int i = 0; i < 5000; i++) {
        g_autofree char *text = g_strdup_printf("res:/keyed/%d", i);

        g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, text, NULL));
    }
    g_assert_cmpint(
            fulcra_host_stats_get(FULCRA_STAT_CACHE_BYTES), <=, 256 * 1024);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_EVICTED), >, 0);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_ENTRIES), >, 100);
    fixture_clear(&fixture);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_BYTES), ==, 0);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_ENTRIES), ==, 0);
}

/* --- where there is not room for all --- */

static FulcraRepresentation *
slow_source(FulcraRequest *request, GError **error)
{
    g_usleep(2000);
    return keyed_source(request, error);
}

static const FulcraEndpointOps slow_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = slow_source };

/* Its cache is full of what came once. */
static void
full_open(Fixture *self)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.cache_bytes = 256 * 1024;
    fixture_init_with(self, &limits);
    fixture_bind(self, "res:/keyed/{key*}", &keyed_ops);
    fixture_bind(self, "res:/slow/{key*}", &slow_ops);
    fixture_publish(self);
    atomic_store(&delay_us, 0);
    for (int i = 0; i < 2000; i++) {
        g_autofree char *text = g_strdup_printf("res:/keyed/once-%d", i);

        g_free(fixture_ask(self, FULCRA_VERB_SOURCE, text, NULL));
    }
}

/* What the kernel says of the cache when it answers @text. */
static char *
ask_why(Fixture *fixture, const char *text)
{
    g_autoptr(FulcraRequest) root =
            fixture_root(fixture, FULCRA_VERB_SOURCE, text);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, NULL);
    FulcraExplanation *explanation = fulcra_host_request_explain_answer(root);
    char *why = g_strdup(explanation->cache);

    g_assert_nonnull(answer);
    fulcra_host_explanation_free(explanation);
    return why;
}

static void
expect_why(Fixture *fixture, const char *text, const char *expected)
{
    g_autofree char *why = ask_why(fixture, text);

    g_assert_cmpstr(why, ==, expected);
}

/* Cheap, and asked for once: nearly all are turned away, how many depends on
 * the machine. The next time it is kept. */
static void
test_earns_room(void)
{
    g_autofree char *text = NULL, *why = NULL;
    Fixture fixture;

    full_open(&fixture);
    int64_t before = fulcra_host_stats_get(FULCRA_STAT_CACHE_TURNED_AWAY);
    for (int i = 0; why == NULL || g_str_equal(why, "kept"); i++) {
        g_free(text);
        g_free(why);
        text = g_strdup_printf("res:/keyed/again-%d", i);
        why = ask_why(&fixture, text);
    }
    g_assert_cmpstr(why, ==,
            "there is no room for what comes first: kept when asked for again");
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_TURNED_AWAY), ==,
            before + 1);
    expect_why(&fixture, text, "kept");
    expect_why(&fixture, text, "hit");
    fixture_clear(&fixture);
}

/* What was slow is kept at once, and what expired where it had been. */
static void
test_slow_has_room(void)
{
    Fixture fixture;

    full_open(&fixture);
    for (int i = 0; i < 20; i++) {
        g_autofree char *text = g_strdup_printf("res:/slow/%d", i);

        expect_why(&fixture, text, "kept");
        expect_why(&fixture, text, "hit");
    }
    expect_why(&fixture, "res:/slow/stock", "kept");
    fulcra__cut("stock");
    expect_why(&fixture, "res:/slow/stock", "kept");
    fixture_clear(&fixture);
}

/* A flood of what nobody asks for again leaves what is used where it is. */
static void
test_flood(void)
{
    enum { N_USED = 10, N_FLOOD = 3000, EVERY = 100 };
    Fixture fixture;
    int missed = 0;

    full_open(&fixture);
    for (int i = 0; i < N_FLOOD; i++) {
        g_autofree char *text = g_strdup_printf("res:/keyed/flood-%d", i);

        g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, text, NULL));
        for (int j = 0; i % EVERY == 0 && j < N_USED; j++) {
            g_autofree char *used = g_strdup_printf("res:/keyed/used-%d", j);
            g_autofree char *why = ask_why(&fixture, used);

            missed += !g_str_equal(why, "hit");
        }
    }
    g_assert_cmpint(missed, <=, 2 * N_USED + N_FLOOD / EVERY);
    fixture_clear(&fixture);
}

/* Says what was asked, and in which language where its number is odd. */
static FulcraRepresentation *
spoken_source(FulcraRequest *request, GError **error)
{
    const char *number = fulcra_request_get_argument(request, "n");
    const char *language = "any";

    (void)error;
    if (atoi(number) % 2 == 1)
        language = fulcra_request_get_header(request, "language");
    fulcra_request_attach_key(request, number);
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s in %s", number, language);
}

static const FulcraEndpointOps spoken_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = spoken_source,
};

static void
expect_spoken(Fixture *fixture, int n, int language)
{
    g_autofree char *text = g_strdup_printf("res:/spoken/%d", n);
    g_autofree char *header = g_strdup_printf("l%d", language);
    g_autofree char *expected =
            g_strdup_printf("%d in %s", n, n % 2 == 1 ? header : "any");
    g_autoptr(FulcraRequest) root =
            fixture_root(fixture, FULCRA_VERB_SOURCE, text);

    fulcra_request_set_header(root, "language", header, true);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, NULL);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, expected);
}

#define N_QUESTIONS 60
#define N_LANGUAGES 30

static void
count_spoken(const FulcraCachedInfo *info, void *user_data)
{
    unsigned *counts = user_data;
    const char *text = fulcra_identifier_get_text(info->identifier);

    counts[atoi(text + strlen("res:/spoken/"))]++;
}

/* Each answer is there once: one that was not found would come again. */
static void
expect_no_doubles(Fixture *fixture)
{
    unsigned counts[N_QUESTIONS] = { 0 };

    fulcra_host_kernel_list_cache(fixture->kernel, count_spoken, counts);
    for (int i = 0; i < N_QUESTIONS; i++)
        g_assert_cmpuint(counts[i], <=, i % 2 == 1 ? N_LANGUAGES : 1);
}

/* Answers for all and for some come and go, with those of the same question
 * and with others: nobody is given another's, and nothing stays. */
static void
test_coming_and_going(void)
{
    int64_t hits = fulcra_host_stats_get(FULCRA_STAT_CACHE_HITS);
    int64_t evicted = fulcra_host_stats_get(FULCRA_STAT_CACHE_EVICTED);
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;
    Fixture fixture;

    limits.cache_bytes = 256 * 1024;
    fixture_init_with(&fixture, &limits);
    fixture_bind(&fixture, "res:/spoken/{n}", &spoken_ops);
    fixture_publish(&fixture);
    for (int i = 0; i < (is_full_size() ? 200000 : 20000); i++) {
        g_autofree char *key =
                g_strdup_printf("%d", g_test_rand_int_range(0, N_QUESTIONS));

        expect_spoken(&fixture, g_test_rand_int_range(0, N_QUESTIONS),
                g_test_rand_int_range(0, N_LANGUAGES));
        if (i % 100 == 0) {
            fulcra__cut(key);
            expect_no_doubles(&fixture);
        }
        if (i % 5000 == 0)
            fulcra_host_kernel_drop_expired(fixture.kernel);
    }
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_HITS), >, hits);
    g_assert_cmpint(
            fulcra_host_stats_get(FULCRA_STAT_CACHE_EVICTED), >, evicted);
    fixture_clear(&fixture);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_BYTES), ==, 0);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_ENTRIES), ==, 0);
}

static void
test_too_large(void)
{
    g_autofree char *key = g_strnfill(5000, 'x');
    g_autofree char *text = g_strdup_printf("res:/keyed/%s", key);
    Fixture fixture;

    full_open(&fixture);
    expect_why(&fixture, text, "it takes more than a 64th of kernel.cache");
    expect_why(&fixture, text, "it takes more than a 64th of kernel.cache");
    fixture_clear(&fixture);
}

/* What is awaited begins, however many wait for it already. */
static atomic_bool hold;

static FulcraRepresentation *
held_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    while (atomic_load(&hold))
        g_usleep(1000);
    return fulcra_representation_new_text("held");
}

static FulcraRepresentation *
asking_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("res:/keyed/a"), NULL, error);
}

static const FulcraEndpointOps held_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = held_source };
static const FulcraEndpointOps asking_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = asking_source };

static void
test_awaited_begins(void)
{
    enum { N_ASKING = 8 };
    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        N_ASKING + 2, 0 };
    g_autoptr(GPtrArray) roots = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra_request_unref);
    Fixture fixture;

    fixture_init(&fixture, 1, 4);
    fixture_bind(&fixture, "res:/keyed/{key*}", &keyed_ops);
    fixture_bind(&fixture, "res:/held", &held_ops);
    fixture_bind(&fixture, "res:/asking/{i}", &asking_ops);
    fixture_publish(&fixture);
    atomic_store(&hold, true);
    for (int i = 0; i < N_ASKING + 2; i++) {
        g_autofree char *text = i == 0 ? g_strdup("res:/held")
                                : i <= N_ASKING
                                        ? g_strdup_printf("res:/asking/%d", i)
                                        : g_strdup("res:/keyed/a");
        FulcraRequest *root = fixture_root(&fixture, FULCRA_VERB_SOURCE, text);

        g_ptr_array_add(roots, root);
        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    atomic_store(&hold, false);
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 0);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cache/what-is-kept", test_what_is_kept);
    g_test_add_func("/cache/what-comes-first", test_what_comes_first);
    g_test_add_func(
            "/cache/time-of-what-is-not-kept", test_time_of_what_is_not_kept);
    g_test_add_func("/cache/independent", test_independent);
    g_test_add_func("/cache/handed-on", test_handed_on);
    g_test_add_func("/cache/cuts", test_cuts);
    g_test_add_func("/cache/no-cut-is-lost", test_no_cut_is_lost);
    g_test_add_func(
            "/cache/no-cut-is-lost-by-many", test_no_cut_is_lost_by_many);
    g_test_add_func("/cache/noted-values", test_noted_values);
    g_test_add_func("/cache/given", test_given);
    g_test_add_func("/cache/arguments-of-who-asks", test_arguments_of_who_asks);
    g_test_add_func("/cache/checks", test_checks);
    g_test_add_func("/cache/checks-are-shared", test_checks_are_shared);
    g_test_add_func("/cache/single-flight", test_single_flight);
    g_test_add_func("/cache/leader-is-cancelled", test_leader_is_cancelled);
    g_test_add_func("/cache/circles", test_circles);
    g_test_add_func("/cache/overlays-run", test_overlays_run);
    g_test_add_func("/cache/publish", test_publish);
    g_test_add_func("/cache/awaited-begins", test_awaited_begins);
    g_test_add_func("/cache/room", test_room);
    g_test_add_func("/cache/earns-room", test_earns_room);
    g_test_add_func("/cache/slow-has-room", test_slow_has_room);
    g_test_add_func("/cache/flood", test_flood);
    g_test_add_func("/cache/coming-and-going", test_coming_and_going);
    g_test_add_func("/cache/too-large", test_too_large);
    return g_test_run();
}
