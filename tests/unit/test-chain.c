/* SPDX-License-Identifier: MIT */

/*
 * active:chain: lazy, kept step by step, and errors that name the step
 */

#include "kernel-fixture.h"

static atomic_int evaluated[3];

static FulcraRepresentation *
wrap_source(FulcraRequest *request, GError **error)
{
    int which = GPOINTER_TO_INT(fulcra_request_get_data(request));
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);
    const char *with = fulcra_request_get_argument(request, "with");

    if (operand == NULL)
        return NULL;
    atomic_fetch_add(&evaluated[which], 1);
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%c%s(%s)",
            "fgh"[which], with == NULL ? "" : with,
            fulcra_representation_get_text(operand));
}

static FulcraRepresentation *
ignore_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_text("ignored");
}

static FulcraRepresentation *
value_source(FulcraRequest *request, GError **error)
{
    (void)error;
    fulcra_request_attach_key(request, "x");
    return fulcra_representation_new_bytes(FULCRA_TYPE_JSON_TEXT, "[1, 2]", 6);
}

static FulcraRepresentation *
fail_source(FulcraRequest *request, GError **error)
{
    (void)request;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no such thing");
    return NULL;
}

#define OPS(kind, function)                                                    \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_##kind,           \
        .source = function                                                     \
    }

/* One of each kind: a chain does not care. */
static const FulcraEndpointOps ops[] = { OPS(SERIAL, wrap_source),
    OPS(CONCURRENT, wrap_source), OPS(INLINE, wrap_source) };
static const FulcraEndpointOps ignore_ops = OPS(INLINE, ignore_source);
static const FulcraEndpointOps value_ops = OPS(INLINE, value_source);
static const FulcraEndpointOps fail_ops = OPS(INLINE, fail_source);

static void
fixture_open_more(Fixture *self)
{
    fixture_bind_data(self, "active:f+operand@{}", &ops[0], self->domains[0],
            GINT_TO_POINTER(0));
    fixture_bind_data(self, "active:g+operand@{}+with@{}?", &ops[1], NULL,
            GINT_TO_POINTER(1));
    fixture_bind_data(
            self, "active:h+operand@{}", &ops[2], NULL, GINT_TO_POINTER(2));
    fixture_bind(self, "active:ignore+operand@{}", &ignore_ops);
    fixture_bind(self, "res:/x", &value_ops);
    fixture_bind(self, "res:/fail", &fail_ops);
    fixture_publish(self);
    for (int i = 0; i < 3; i++)
        atomic_store(&evaluated[i], 0);
}

static void
fixture_open(Fixture *self)
{
    fixture_init(self, 2, 16);
    fixture_open_more(self);
}

static void
assert_evaluated(int f, int g, int h)
{
    g_assert_cmpint(atomic_load(&evaluated[0]), ==, f);
    g_assert_cmpint(atomic_load(&evaluated[1]), ==, g);
    g_assert_cmpint(atomic_load(&evaluated[2]), ==, h);
}

static void
test_steps(void)
{
    Fixture fixture;
    fixture_open(&fixture);

    fixture_expect(&fixture,
            "active:chain+operand@res:/x+step@active:h+step@active:g"
            "+step@active:f",
            "f(g(h([1, 2])))");
    assert_evaluated(1, 1, 1);

    /* Again, and another chain that begins alike: nothing is evaluated that
     * was. */
    fixture_expect(&fixture,
            "active:chain+operand@res:/x+step@active:h+step@active:g"
            "+step@active:f",
            "f(g(h([1, 2])))");
    fixture_expect(&fixture,
            "active:chain+operand@res:/x+step@active:h"
            "+step@active:g%2Bwith%40data:%2C!",
            "g!(h([1, 2]))");
    assert_evaluated(1, 2, 1);

    g_free(fixture_ask(
            &fixture, FULCRA_VERB_SOURCE, "active:cutExpiryKey+id@x", NULL));
    fixture_expect(
            &fixture, "active:chain+operand@res:/x+step@active:h", "h([1, 2])");
    assert_evaluated(1, 2, 2);
    fixture_clear(&fixture);
}

/* A step that does not look at its operand does not cause it. */
static void
test_lazy(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_expect(&fixture,
            "active:chain+operand@res:/fail+step@active:h+step@active:ignore",
            "ignored");
    assert_evaluated(0, 0, 0);
    fixture_clear(&fixture);
}

/* A type is a step, too. */
static void
test_conversion(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    fixture_expect(&fixture, "active:transrept+operand@res:/x+type@json",
            "[1,2]"); /* parsed, and rendered again */
    fixture_expect(&fixture,
            "active:chain+operand@res:/x+step@json+step@active:h", "h([1,2])");
    fixture_clear(&fixture);
}

/* The operand is an argument of who asks, of whatever kind. */
static FulcraRepresentation *
relay_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(request,
            FULCRA_ID("active:chain+operand@arg:what+step@active:h"
                      "+step@active:g"),
            FULCRA_TYPE_TEXT, error);
}

static const FulcraEndpointOps relay_ops = OPS(CONCURRENT, relay_source);

static void
test_operands_of_who_asks(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 16);
    fixture_bind(&fixture, "active:relay+what@{}", &relay_ops);
    fixture_open_more(&fixture);

    fixture_expect(&fixture, "active:relay+what@res:/x", "g(h([1, 2]))");
    fixture_expect(&fixture, "active:relay+what@text", "g(h(text))");
    fixture_expect(&fixture, "active:relay+what@res:/x", "g(h([1, 2]))");
    fixture_expect(&fixture, "active:relay+what@text", "g(h(text))");
    assert_evaluated(0, 2, 2);
    fixture_expect(
            &fixture, "active:chain+operand@words+step@active:h", "h(words)");
    fixture_clear(&fixture);
}

static void
test_errors(void)
{
    g_autoptr(GError) error = NULL;
    Fixture fixture;
    fixture_open(&fixture);

    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE,
            "active:chain+operand@res:/fail+step@active:h+step@active:g",
            &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);
    const char *stack = fulcra_error_get_stack(error);
    g_assert_cmpstr(error->message, ==, "step 1: no such thing");
    g_assert_nonnull(strstr(stack, "SOURCE res:/fail"));
    g_assert_nonnull(strstr(stack, "SOURCE active:h+operand@res:/fail"));
    g_assert_nonnull(strstr(stack, "active:g+operand@active:h"));

    g_clear_error(&error);
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE,
            "active:chain+operand@res:/x+step@active:h+step@active:nobody",
            &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    g_assert_nonnull(strstr(error->message, "active:nobody"));

    /* Too many to be one identifier. */
    g_autoptr(GString) text = g_string_new("active:chain+operand@res:/x");
    for (int i = 0; i < 40; i++)
        g_string_append(text, "+step@active:h");
    g_clear_error(&error);
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE, text->str, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE);
    g_assert_true(g_str_has_prefix(error->message, "step "));
    fixture_clear(&fixture);
}

/* Ten thousand ask for the chain: each step is evaluated once. */
static void
test_shared(void)
{
    int n = is_full_size() ? 10000 : 1000;
    Countdown countdown = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
        n, 0 };
    Fixture fixture;
    fixture_open(&fixture);

    for (int i = 0; i < n; i++) {
        g_autoptr(FulcraRequest) root = fixture_root(&fixture,
                FULCRA_VERB_SOURCE,
                "active:chain+operand@res:/x+step@active:g+step@active:f");

        fulcra_request_issue_async(root, countdown_answered, &countdown);
    }
    countdown_wait(&countdown);
    g_assert_cmpint(countdown.failed, ==, 0);
    assert_evaluated(1, 1, 0);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chain/steps", test_steps);
    g_test_add_func("/chain/lazy", test_lazy);
    g_test_add_func("/chain/conversion", test_conversion);
    g_test_add_func("/chain/operands-of-who-asks", test_operands_of_who_asks);
    g_test_add_func("/chain/errors", test_errors);
    g_test_add_func("/chain/shared", test_shared);
    return g_test_run();
}
