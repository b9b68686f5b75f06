/* SPDX-License-Identifier: MIT */
#include "private/identifier.h"

#include <fulcra/error.h>
#include <pthread.h>
#include <string.h>

#define assert_failed(error, code_, part)                                      \
    do {                                                                       \
        g_assert_error((error), FULCRA_ERROR, FULCRA_ERROR_##code_);           \
        if (strstr((error)->message, (part)) == NULL)                          \
            g_error("'%s' does not say '%s'", (error)->message, (part));       \
    } while (0)

static FulcraIdentifier *
must_parse(const char *text)
{
    GError *error = NULL;
    FulcraIdentifier *self = fulcra_host_identifier_parse(text, &error);

    if (self == NULL)
        g_error("'%s': %s", text, error->message);
    return self;
}

/* --- parsing --- */

static void
test_normal_form(void)
{
    static const struct {
        const char *given, *normal; /* NULL: as given */
    } table[] = {
        { "res:/", NULL },
        { "res:/stock/ACME", NULL },
        { "res:/a b", NULL },
        { "res:/a:b", NULL },
        { "urn:fulcra:demo:echo", NULL },
        { "x-y.z9:q", NULL },
        { "res:/%41%2d%7E", "res:/A-~" },
        { "res:/a%2fb", "res:/a%2Fb" },
        { "res:/%2b%40%25%7b%7d", "res:/%2B%40%25%7B%7D" },
        { "res:/%0a%7f", "res:/%0A%7F" },
        { "res:/%c3%a4", "res:/ä" },
        { "res:/%c3/%a4", "res:/%C3/%A4" },
        { "res:/%C3%2F", NULL },
        { "active:toUpper+operand@res:/x", NULL },
        { "active:x+a@", NULL },
        { "active:x+a@text", NULL },
        { "active:x+a@b%3Ac", NULL },
        { "active:x+a@b%3ac%2Fd", "active:x+a@b%3Ac/d" },
        { "active:x+a@data:,b%2525c", "active:x+a@b%25c" },
        { "active:x+a@data:,b+c@data:,", "active:x+a@b+c@" },
        { "active:x+a@data:text/plain,b%2Bc", NULL },
        { "active:x+a@b%FF", NULL },
        { "active:x+a@1+a@2+b.c-d_e@3", NULL },
        { "active:f+a@active:g%2Bb%40res:/h%25252Bi", NULL },
        { "data:text/plain;base64,AA+/@x{}%zz", NULL },
        { "data:+", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(FulcraIdentifier) self = must_parse(table[i].given);
        const char *text = fulcra_identifier_get_text(self);

        g_assert_cmpstr(text, ==,
                table[i].normal != NULL ? table[i].normal : table[i].given);
        g_autoptr(FulcraIdentifier) again = must_parse(text);
        g_assert_cmpstr(fulcra_identifier_get_text(again), ==, text);
        g_assert_true(fulcra_identifier_equal(self, again));
        g_assert_cmpuint(fulcra_identifier_hash(self), ==,
                fulcra_identifier_hash(again));
        g_assert_false(fulcra_host_identifier_is_from_outside(self));
    }
}

static void
test_refusals(void)
{
    static const struct {
        const char *text, *message;
    } table[] = {
        { "", "character 1: an identifier begins with a scheme" },
        { "nothing", "character 1: an identifier begins with a scheme" },
        { ":x", "character 1: an identifier begins with a scheme" },
        { "Res:/x", "character 1: an identifier begins with a scheme" },
        { "re+s:/x", "character 1: an identifier begins with a scheme" },
        { "res:", "character 5: something must follow 'res:'" },
        { "data:", "character 6: something must follow 'data:'" },
        { "res:+a@b", "character 5: something must follow 'res:'" },
        { "res:/a+b", "character 7: '+b' is not an argument: write %2B for a "
                      "plus sign" },
        { "res:/ä+b", "character 7: '+b' is not an argument" },
        { "res:/a+", "character 7: '+' is not an argument" },
        { "res:/a+1@b", "character 7: '+1' is not an argument" },
        { "res:/a+b+c@d", "character 7: '+b' is not an argument" },
        { "res:/a@b", "character 7: write %40 for an at sign" },
        { "res:/a+b@c@d", "character 11: write %40 for an at sign" },
        { "res:/{id}", "character 6: an identifier has no slots" },
        { "active:x+a@{id}", "character 12: an identifier has no slots" },
        { "res:/%", "character 6: two hexadecimal digits must follow %" },
        { "res:/%2", "character 6: two hexadecimal digits must follow %" },
        { "res:/a%zz", "character 7: two hexadecimal digits must follow %" },
        { "res:/a%00", "character 7: no identifier holds NUL" },
        { "res:/a\nb", "character 7: a control character must be" },
        { "res:/a\xff", "character 7: this is not UTF-8" },
        { "data:,\xff", "character 7: this is not UTF-8" },
        { "data:,\n", "character 7: a control character must be" },
        { "active:x+a@\xff", "character 12: this is not UTF-8" },
        { "active:x+a@\n", "character 12: a control character must be" },
        { "active:x+a@data:b,%0A", "'data:b,%0A': character 8: a control" },
        { "active:x+a@res:/%FF", "'res:/%FF': character 6: this is not" },
        { "active:x+a@Res:/x", "argument 'a': 'Res:/x' is neither an "
                               "identifier nor a text: write %3A" },
        { "active:x+a@%zz", "argument 'a': malformed escape" },
        { "active:x+a@%00", "argument 'a': malformed escape" },
        { "active:x+a@res:/%zz", "argument 'a': malformed escape" },
        { "active:x+a@res:/%25zz",
                "argument 'a': in 'res:/%25zz': character 6: two hexa" },
        { "active:x+a@res:/y%2Bz",
                "argument 'a': in 'res:/y%2Bz': character 7: '+z' is not" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(fulcra_host_identifier_parse(table[i].text, &error));
        assert_failed(error, BAD_ARGUMENT, table[i].message);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
    }
}

static void
test_arguments(void)
{
    g_autoptr(FulcraIdentifier) self =
            must_parse("active:x+a@b%2Bc+r@active:g%2Bb%40res:/h%25252Bi+a@");
    const FulcraArgument *items = self->arguments;

    g_assert_cmpstr(self->base, ==, "active:x");
    g_assert_cmpstr(fulcra_identifier_get_scheme(self), ==, "active");
    g_assert_cmpuint(self->n_arguments, ==, 3);
    g_assert_true(items[0].name == fulcra_intern("a"));
    g_assert_cmpstr(items[0].text, ==, "b+c");
    g_assert_cmpstr(items[2].text, ==, "");
    g_assert_null(items[1].text);

    FulcraIdentifier *inner = items[1].identifier;
    g_assert_cmpstr(inner->base, ==, "active:g");
    g_assert_cmpuint(inner->n_arguments, ==, 1);
    FulcraIdentifier *innermost = inner->arguments[0].identifier;
    g_assert_cmpstr(fulcra_identifier_get_text(innermost), ==, "res:/h%2Bi");
    g_assert_cmpuint(innermost->n_arguments, ==, 0);

    g_assert_true(fulcra__identifier_get_argument(self, fulcra_intern("a")) ==
                  &items[0]);
    g_assert_null(fulcra__identifier_get_argument(self, fulcra_intern("none")));
}

static void
test_limits(void)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new("res:/");

    for (size_t i = text->len; i < FULCRA__IDENTIFIER_MAX_LENGTH; i++)
        g_string_append_c(text, 'x');
    fulcra_identifier_unref(must_parse(text->str));
    g_string_append_c(text, 'x');
    g_assert_null(fulcra_host_identifier_parse(text->str, &error));
    assert_failed(error, TOO_LARGE, "16385 bytes: the limit is 16384");
    g_clear_error(&error);

    g_string_assign(text, "active:x");
    for (int i = 0; i < FULCRA__IDENTIFIER_MAX_ARGUMENTS; i++)
        g_string_append(text, "+a@b");
    fulcra_identifier_unref(must_parse(text->str));
    g_string_append(text, "+a@b");
    g_assert_null(fulcra_host_identifier_parse(text->str, &error));
    assert_failed(error, TOO_LARGE, "257 arguments: the limit is 256");
    g_string_free(text, TRUE);
}

static FulcraIdentifier *
nest(unsigned depth, GError **error)
{
    FulcraIdentifier *self = fulcra_identifier_ref(FULCRA_ID("res:/core"));

    for (unsigned i = 0; i < depth && self != NULL; i++) {
        FulcraSlot slot = fulcra_slot_identifier("a", self);
        FulcraIdentifier *outer = fulcra_identifier_build(
                FULCRA_GRAMMAR("active:f+a@{}"), &slot, 1, error);

        fulcra_identifier_unref(self);
        self = outer;
    }
    return self;
}

static void
test_depth(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) deepest =
            nest(FULCRA__IDENTIFIER_MAX_DEPTH, &error);

    g_assert_no_error(error);
    g_autoptr(FulcraIdentifier) parsed =
            must_parse(fulcra_identifier_get_text(deepest));
    g_assert_true(fulcra_identifier_equal(deepest, parsed));
    g_assert_cmpuint(parsed->depth, ==, FULCRA__IDENTIFIER_MAX_DEPTH);

    g_assert_null(nest(FULCRA__IDENTIFIER_MAX_DEPTH + 1, &error));
    assert_failed(error, TOO_LARGE, "nested more than 16 deep");
}

/* --- equality --- */

static void
test_equality(void)
{
    static const char *const distinct[] = {
        "res:/a",
        "res:/b",
        "ws:/a",
        "res:/a%2Fb",
        "res:/a/b",
        "res:/a+x@",
        "res:/a+x@y",
        "res:/a+y@x",
        "res:/a+x@y+x@y",
        "res:/a+x@y+y@x",
        "res:/a+y@x+x@y",
        "res:/a+x@res:/y",
        "res:/a+x@res%3A/y",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(distinct); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(distinct); j++) {
            g_autoptr(FulcraIdentifier) a = must_parse(distinct[i]);
            g_autoptr(FulcraIdentifier) b = must_parse(distinct[j]);

            g_assert_true(fulcra_identifier_equal(a, b) == (i == j));
            g_assert_true((fulcra_identifier_hash(a) ==
                                  fulcra_identifier_hash(b)) == (i == j));
            g_assert_true(fulcra_identifier_equal(a, b) == (i == j));
        }
}

/* --- the other makers --- */

static void
test_literals(void)
{
    FulcraIdentifier *a = FULCRA_ID("res:/literal/%41+x@active:g%2Bb%40c");
    FulcraIdentifier *b = FULCRA_ID("res:/literal/A+x@active:g%2Bb%40c");
    g_autoptr(FulcraIdentifier) parsed =
            must_parse("res:/literal/A+x@active:g%2Bb%40c");

    g_assert_true(a == b);
    g_assert_true(fulcra_identifier_equal(a, parsed));
    g_assert_true(fulcra_identifier_equal(parsed, a));
    fulcra_identifier_unref(a);
    fulcra_identifier_unref(a);
    fulcra_identifier_unref(fulcra_identifier_ref(a));
    g_assert_cmpstr(fulcra_identifier_get_text(b), ==,
            "res:/literal/A+x@active:g%2Bb%40c");
    g_assert_true(FULCRA_ID("res:/literal/other") != a);
}

static void
test_bad_literal(void)
{
    if (g_test_subprocess()) {
        FULCRA_ID("res:/{id}");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr(
            "*FULCRA_ID(\"res:/{id}\"): character 6: an identifier has no*");
}

static void
test_path(void)
{
    static const struct {
        const char *path, *text;
    } table[] = {
        { "/", "ws:/" },
        { "/a b/c:d", "ws:/a b/c:d" },
        { "/echo+socketid@other", "ws:/echo%2Bsocketid%40other" },
        { "/%2B", "ws:/%252B" },
        { "/\n\x7f{x}", "ws:/%0A%7F%7Bx%7D" },
        { "/\xc3\xa4\xff\xc3", "ws:/ä%FF%C3" },
        { "/\xed\xa0\x80", "ws:/%ED%A0%80" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(FulcraIdentifier) self = fulcra_host_identifier_new_path(
                fulcra_intern("ws"), table[i].path);
        g_autoptr(FulcraIdentifier) parsed = must_parse(table[i].text);

        g_assert_cmpstr(fulcra_identifier_get_text(self), ==, table[i].text);
        g_assert_true(fulcra_host_identifier_is_from_outside(self));
        g_assert_true(fulcra_identifier_equal(self, parsed));
    }
}

static void
test_text_argument(void)
{
    g_autoptr(FulcraIdentifier) path =
            fulcra_host_identifier_new_path(fulcra_intern("ws"), "/chat");
    g_autoptr(FulcraIdentifier) one = fulcra_host_identifier_with_text_argument(
            path, fulcra_intern("socketid"), "id");
    g_autoptr(FulcraIdentifier) two = fulcra_host_identifier_with_text_argument(
            one, fulcra_intern("reason"), "+operand@res:/secret");

    g_assert_true(one->base == path->base && two->base == path->base);
    g_assert_null(atomic_load(&one->text));
    g_assert_true(fulcra_host_identifier_is_from_outside(two));
    g_assert_true(fulcra_host_identifier_same_base(two, path));
    g_clear_pointer(&path, fulcra_identifier_unref);
    g_clear_pointer(&one, fulcra_identifier_unref);

    g_assert_cmpstr(fulcra_identifier_get_text(two), ==,
            "ws:/chat+socketid@id+reason@%2Boperand%40res%3A/secret");
    g_autoptr(FulcraIdentifier) parsed =
            must_parse(fulcra_identifier_get_text(two));
    g_assert_true(fulcra_identifier_equal(two, parsed));
    g_assert_cmpuint(
            fulcra_identifier_hash(two), ==, fulcra_identifier_hash(parsed));
    g_assert_cmpuint(parsed->n_arguments, ==, 2);
    g_assert_cmpstr(parsed->arguments[1].text, ==, "+operand@res:/secret");
}

static void
test_from_outside(void)
{
    g_autoptr(FulcraIdentifier) path =
            fulcra_host_identifier_new_path(fulcra_intern("res"), "/x");
    FulcraSlot slots[] = { fulcra_slot_identifier("a", path),
        fulcra_slot_identifier("a", FULCRA_ID("res:/y")) };
    g_autoptr(FulcraIdentifier) tainted = fulcra_identifier_build(
            FULCRA_GRAMMAR("active:f+a@{}"), &slots[0], 1, NULL);
    g_autoptr(FulcraIdentifier) clean = fulcra_identifier_build(
            FULCRA_GRAMMAR("active:f+a@{}"), &slots[1], 1, NULL);

    g_assert_true(fulcra_host_identifier_is_from_outside(tainted));
    g_assert_false(fulcra_host_identifier_is_from_outside(clean));
}

/* --- names --- */

static void
test_intern(void)
{
    enum { N = 5000 };
    g_autofree const char **names = g_new(const char *, N);
    char text[32];

    for (int i = 0; i < N; i++) {
        g_snprintf(text, sizeof text, "name-%d", i);
        names[i] = fulcra_intern(text);
        g_assert_cmpstr(names[i], ==, text);
    }
    for (int i = 0; i < N; i++) {
        g_snprintf(text, sizeof text, "name-%d", i);
        g_assert_true(fulcra_intern(text) == names[i]);
    }
    g_assert_true(fulcra_intern("") == fulcra_intern(""));
}

/* --- threads --- */

typedef struct {
    pthread_barrier_t *barrier;
    FulcraIdentifier *shared;
    const char *text;
    FulcraIdentifier *literal;
    const char *names[200];
    unsigned hash;
} Racer;

static void *
race(void *data)
{
    static FulcraLiteral cell = { "res:/raced+a@b", NULL };
    Racer *self = data;
    char name[32];

    pthread_barrier_wait(self->barrier);
    self->text = fulcra_identifier_get_text(self->shared);
    self->hash = fulcra_identifier_hash(self->shared);
    self->literal = fulcra_identifier_from_literal(&cell);
    for (size_t i = 0; i < G_N_ELEMENTS(self->names); i++) {
        g_snprintf(name, sizeof name, "raced-%zu", i);
        self->names[i] = fulcra_intern(name);
    }
    fulcra_identifier_unref(self->shared);
    return NULL;
}

static void
test_threads(void)
{
    enum { N = 8 };
    g_autoptr(FulcraIdentifier) shared = must_parse("active:f+a@b+c@res:/d");
    pthread_barrier_t barrier;
    pthread_t threads[N];
    Racer racers[N];

    pthread_barrier_init(&barrier, NULL, N);
    for (int i = 0; i < N; i++) {
        racers[i] = (Racer){ &barrier, fulcra_identifier_ref(shared) };
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    for (int i = 0; i < N; i++) {
        g_assert_true(racers[i].text == racers[0].text);
        g_assert_true(racers[i].literal == racers[0].literal);
        g_assert_cmpuint(racers[i].hash, ==, racers[0].hash);
        g_assert_true(memcmp(racers[i].names, racers[0].names,
                              sizeof racers[0].names) == 0);
    }
    g_assert_cmpstr(racers[0].text, ==, "active:f+a@b+c@res:/d");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/identifier/normal-form", test_normal_form);
    g_test_add_func("/identifier/refusals", test_refusals);
    g_test_add_func("/identifier/arguments", test_arguments);
    g_test_add_func("/identifier/limits", test_limits);
    g_test_add_func("/identifier/depth", test_depth);
    g_test_add_func("/identifier/equality", test_equality);
    g_test_add_func("/identifier/literals", test_literals);
    g_test_add_func("/identifier/bad-literal", test_bad_literal);
    g_test_add_func("/identifier/path", test_path);
    g_test_add_func("/identifier/text-argument", test_text_argument);
    g_test_add_func("/identifier/from-outside", test_from_outside);
    g_test_add_func("/identifier/intern", test_intern);
    g_test_add_func("/identifier/threads", test_threads);
    return g_test_run();
}
