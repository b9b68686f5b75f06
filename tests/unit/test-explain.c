/* SPDX-License-Identifier: MIT */

/*
 * Why an answer is kept or not, until when, and for whom
 */

#include "kernel-fixture.h"

static FulcraRepresentation *
keyed_source(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");

    (void)error;
    fulcra_request_attach_key(request, key);
    if (g_str_equal(key, "checked"))
        fulcra_request_attach_check(request, FULCRA_ID("res:/check"));
    return fulcra_representation_new_text(key);
}

static FulcraRepresentation *
silent_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_text("silence");
}

static FulcraRepresentation *
soon_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_with_expiry(silent_source(request, error),
            FULCRA_EXPIRY_AT, g_get_real_time() + 60 * G_USEC_PER_SEC);
}

static FulcraRepresentation *
never_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_with_expiry(
            silent_source(request, error), FULCRA_EXPIRY_NEVER, 0);
}

/* Asks for its operand, reads a header, and looks whether there is anybody. */
static FulcraRepresentation *
page_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);
    const char *look = fulcra_request_get_argument(request, "look");

    if (operand == NULL)
        return NULL;
    if (g_strcmp0(look, "header") == 0)
        fulcra_request_get_header(request, "language");
    if (g_strcmp0(look, "socket") == 0)
        fulcra_request_get_socket(request);
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "<%s>", fulcra_representation_get_text(operand));
}

#define OPS(name, function)                                                    \
    static const FulcraEndpointOps name = {                                    \
        .size = sizeof(FulcraEndpointOps),                                     \
        .run = FULCRA_RUN_INLINE,                                              \
        .source = function,                                                    \
    }
OPS(keyed_ops, keyed_source);
OPS(silent_ops, silent_source);
OPS(soon_ops, soon_source);
OPS(never_ops, never_source);
OPS(page_ops, page_source);

static void
fixture_open(Fixture *self)
{
    fixture_init(self, 2, 16);
    fixture_bind(self, "res:/keyed/{key*}", &keyed_ops);
    fixture_bind(self, "res:/silent", &silent_ops);
    fixture_bind(self, "res:/soon", &soon_ops);
    fixture_bind(self, "res:/never", &never_ops);
    fixture_bind(self, "active:page+operand@{}+look@{}?", &page_ops);
    fixture_publish(self);
}

/* What is said of the root, in words; what it is worth to a transport. */
typedef struct {
    char *cache, *text;
    bool for_all;
    FulcraExpiry expiry;
    int64_t at;
} Said;

static void
remember_root(const FulcraTraceRecord *record, void *user_data)
{
    Said *said = user_data;

    if (record->depth > 0)
        return;
    said->cache = g_strdup(record->cache);
    said->text = fulcra_host_explanation_to_text(record->explanation);
}

static Said
ask(Fixture *fixture, const char *text)
{
    Said said = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(fixture, FULCRA_VERB_SOURCE, text);

    fulcra_host_request_add_tracer(root, remember_root, &said, NULL);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, &error);
    g_assert_no_error(error);
    said.for_all = fulcra_host_request_is_for_all(root);
    said.expiry = fulcra_host_request_get_expiry(root, &said.at);
    return said;
}

static void
said_clear(Said *self)
{
    g_free(self->cache);
    g_free(self->text);
}

static void
expect(Fixture *fixture, const char *asked, const char *cache, const char *text)
{
    Said said = ask(fixture, asked);

    g_assert_cmpstr(said.cache, ==, cache);
    g_assert_cmpstr(said.text, ==, text);
    said_clear(&said);
}

static void
expect_for(
        Fixture *fixture, const char *asked, bool for_all, FulcraExpiry expiry)
{
    Said said = ask(fixture, asked);

    g_assert_cmpint(said.for_all, ==, for_all);
    g_assert_cmpint(said.expiry, ==, expiry);
    if (expiry == FULCRA_EXPIRY_AT)
        g_assert_cmpint(said.at - g_get_real_time(), >, 50 * G_USEC_PER_SEC);
    said_clear(&said);
}

static void
test_kept(void)
{
    Fixture fixture;
    fixture_open(&fixture);

    expect(&fixture, "res:/never", "kept", "for all");
    expect(&fixture, "res:/never", "hit", "for all");
    expect(&fixture, "active:page+operand@res:/keyed/stock:ACME", "kept",
            "for all; until a cut of stock:ACME");
    expect(&fixture, "active:page+operand@res:/keyed/stock:ACME", "hit",
            "for all; until a cut of stock:ACME");
    expect(&fixture, "active:page+operand@res:/keyed/checked", "kept",
            "for all; until a cut of checked; as long as res:/check says so");
    expect(&fixture, "active:page+operand@res:/never+look@header", "kept",
            "for who has the same header language");
    fixture_clear(&fixture);
}

static void
test_not_kept(void)
{
    Fixture fixture;
    fixture_open(&fixture);

    expect(&fixture, "res:/silent",
            "its endpoint asked for nothing and stated no expiry", "");
    expect(&fixture, "active:page+operand@active:page%2Boperand%40res:/silent",
            "a sub-request's endpoint asked for nothing and stated no expiry",
            "because of res:/silent");
    expect(&fixture,
            "active:page+operand@"
            "active:page%2Boperand%40res:/never%2Blook%40socket",
            "it looked at its socket",
            "because of active:page+operand@res:/never+look@socket");
    fixture_clear(&fixture);
}

static void
test_expired(void)
{
    Fixture fixture;
    fixture_open(&fixture);

    expect(&fixture, "res:/keyed/stock:ACME", "kept",
            "for all; until a cut of stock:ACME");
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE,
            "active:cutExpiryKey+id@stock%3A*", NULL));
    expect(&fixture, "res:/keyed/stock:ACME", "kept",
            "for all; until a cut of stock:ACME; before: the key stock:* was "
            "cut");
    fixture_clear(&fixture);
}

static void
test_for_transports(void)
{
    Fixture fixture;
    fixture_open(&fixture);

    expect_for(&fixture, "res:/never", true, FULCRA_EXPIRY_NEVER);
    expect_for(&fixture, "res:/soon", true, FULCRA_EXPIRY_AT);
    expect_for(&fixture, "res:/silent", true, FULCRA_EXPIRY_DEPENDENT);
    expect_for(&fixture, "res:/keyed/a", true, FULCRA_EXPIRY_DEPENDENT);
    expect_for(
            &fixture, "active:page+operand@res:/soon", true, FULCRA_EXPIRY_AT);
    expect_for(&fixture, "active:page+operand@res:/soon+look@header", false,
            FULCRA_EXPIRY_AT);
    expect_for(&fixture, "active:page+operand@res:/soon+look@socket", false,
            FULCRA_EXPIRY_AT);
    expect_for(&fixture, "active:page+operand@res:/silent", true,
            FULCRA_EXPIRY_DEPENDENT);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/kept", test_kept);
    g_test_add_func("/explain/not-kept", test_not_kept);
    g_test_add_func("/explain/expired", test_expired);
    g_test_add_func("/explain/for-transports", test_for_transports);
    return g_test_run();
}
