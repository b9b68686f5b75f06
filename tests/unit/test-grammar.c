/* SPDX-License-Identifier: MIT */
#include "private/grammar.h"

#include <fulcra/error.h>
#include <string.h>

static FulcraGrammar *
must_grammar(const char *text)
{
    GError *error = NULL;
    FulcraGrammar *self = fulcra_host_grammar_new(text, &error);

    if (self == NULL)
        g_error("'%s': %s", text, error->message);
    return self;
}

static FulcraIdentifier *
must_identifier(const char *text)
{
    GError *error = NULL;
    FulcraIdentifier *self = fulcra_host_identifier_parse(text, &error);

    if (self == NULL)
        g_error("'%s': %s", text, error->message);
    return self;
}

/* "a=1 b=2", or "! reason" */
static char *
describe_match(const FulcraGrammar *grammar, FulcraIdentifier *identifier,
        const char *extra)
{
    const char *extra_names[] = { extra };
    GString *result = g_string_new(NULL);
    const char *reason = NULL;
    FulcraArguments slots;

    fulcra__arguments_init(&slots);
    bool matches = fulcra__grammar_match(grammar, identifier, extra_names,
            extra != NULL ? 1 : 0, &slots, &reason);
    g_assert_true(matches || slots.n == 0);
    if (!matches)
        g_string_append_printf(result, "! %s", reason);
    for (size_t i = 0; i < slots.n; i++) {
        const FulcraArgument *slot = &fulcra__arguments_items(&slots)[i];

        g_string_append_printf(result, "%s%s=%s", i > 0 ? " " : "", slot->name,
                slot->text != NULL
                        ? slot->text
                        : fulcra_identifier_get_text(slot->identifier));
    }
    fulcra__arguments_clear(&slots);
    /* Whether the reason is asked for makes no difference. */
    g_assert_true(fulcra__grammar_match(grammar, identifier, extra_names,
                          extra != NULL ? 1 : 0, &slots, NULL) == matches);
    fulcra__arguments_clear(&slots);
    return g_string_free(result, FALSE);
}

typedef struct {
    const char *grammar, *identifier, *expected;
    const char *extra; /* (nullable): an argument beside the identifier */
} Case;

static void
check_cases(const Case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autoptr(FulcraGrammar) grammar = must_grammar(cases[i].grammar);
        g_autoptr(FulcraIdentifier) identifier =
                must_identifier(cases[i].identifier);
        const char *extra = cases[i].extra;
        g_autofree char *result = describe_match(grammar, identifier,
                extra != NULL ? fulcra_intern(extra) : NULL);

        if (strcmp(result, cases[i].expected) != 0)
            g_error("%s with %s: '%s' where '%s' was expected",
                    cases[i].grammar, cases[i].identifier, result,
                    cases[i].expected);
    }
}

#define PREFIX  "! prefix differs"
#define REST    "! what follows the prefix differs"
#define PATTERN "! pattern of {id} does not match"

static void
test_simple(void)
{
    static const Case cases[] = {
        { "res:/a", "res:/a", "" },
        { "res:/%41", "res:/A", "" },
        { "res:/a", "res:/b", PREFIX },
        { "res:/a", "res:/ab", PREFIX },
        { "res:/a", "ws:/a", "! another scheme" },
        { "res:/a/{id}", "res:/a/b", "id=b" },
        { "res:/a/{id}", "res:/a/b/c", REST },
        { "res:/a/{id}", "res:/a/", REST },
        { "res:/a/{id}", "res:/a", PREFIX },
        { "res:/a/{id}", "res:/a/b%2Fc%2B%25%C3%A4", "id=b/c+%ä" },
        { "res:/a/{id}/", "res:/a/b/", "id=b" },
        { "res:/a/{id}/", "res:/a/b", REST },
        { "res:/{a}/x/{b}", "res:/1/x/2", "a=1 b=2" },
        { "res:/{a}/x/{b}", "res:/1/y/2", REST },
        { "res:/{rest*}", "res:/", "rest=" },
        { "res:/{rest*}", "res:/a//b/../c%2Fd", "rest=a//b/../c/d" },
        { "res:/{rest*}/edit", "res:/a/b/edit", "rest=a/b" },
        { "res:/{rest*}/edit", "res:/a/edit/edit", "rest=a/edit" },
        { "res:/{rest*}/edit", "res:/edit", REST },
        { "res:/{rest*}/edit/{b}", "res:/a/edit/b/edit/c",
                "rest=a/edit/b b=c" },
        { "res:/{name}.{type}", "res:/a.tar.gz", "name=a.tar type=gz" },
        { "res:/{name}.{type}", "res:/.gz", REST },
        { "res:/{a}B", "res:/x%2B", REST },
        { "res:/{a}2B", "res:/x%2B", REST },
        { "res:/{a}%2B", "res:/x%2B", "a=x" },
        { "res:/{a}5{b}", "res:/1%255x", "a=1% b=x" },
        { "res:/%7B{a}%7D", "res:/%7Bx%7D", "a=x" },
        { "res:{rest*}", "res:a", "rest=a" },
        { "data:,{rest*}", "data:,a+b@c%2Bd", "rest=a+b@c+d" },
        { "data:,{rest*}", "data:,100%", REST },
        { "data:,{rest*}", "data:,100%!!",
                "! a slot would hold a malformed escape or NUL" },
        { "data:,{rest*}", "data:,a%00b",
                "! a slot would hold a malformed escape or NUL" },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_patterns(void)
{
    static const Case cases[] = {
        { "res:/{id:[0-9]+}", "res:/12", "id=12" },
        { "res:/{id:[0-9]+}", "res:/12a", PATTERN },
        { "res:/{id:[0-9]+}", "res:/%31", "id=1" },
        { "res:/{id:a{2,3}}", "res:/aaa", "id=aaa" },
        { "res:/{id:\\{.\\}}", "res:/%7Bx%7D", "id={x}" },
        { "res:/{id:a|b}", "res:/b", "id=b" },
        { "res:/{id:a|b}", "res:/ab", PATTERN },
        { "res:/{id:.}", "res:/ä", "id=ä" },
        { "res:/{id:.}", "res:/%FF", PATTERN },
        { "res:/{id:.*}", "res:/a/b", REST },
        { "res:/{id:.*}", "res:/a%2Fb", "id=a/b" },
        { "res:/{id*:[a-z/]*}", "res:/a/b", "id=a/b" },
        { "res:/{id*:[a-z/]*}", "res:/", "id=" },
        { "res:/{a:[a-z]+}-{b:[a-z]+}", "res:/x-y", "a=x b=y" },
        { "res:/{a:[a-z]}-{b*}", "res:/x-y-z", "a=x b=y-z" },
        { "regex:res:/a(?<name>b+)", "res:/abb", "name=bb" },
        { "regex:^res:/a(?<name>b+)$", "res:/abb", "name=bb" },
        { "regex:res:/a", "res:/ab", "! the expression does not match" },
        { "regex:[a-z]+:/(?<x>[^/+]+)(/(?<y>.*))?", "ws:/a%2Fb", "x=a/b" },
        { "regex:[a-z]+:/(?<x>[^/+]+)(/(?<y>.*))?", "ws:/a/b+c@d",
                "x=a y=b+c@d" },
        { "regex:res:/(?<x>.*%2).*", "res:/a%2Bb",
                "! a slot would hold a malformed escape or NUL" },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_arguments(void)
{
    static const Case cases[] = {
        { "active:f", "active:f", "" },
        { "active:f", "active:f+a@1", "! argument 'a' not declared" },
        { "active:f+a@{}", "active:f+a@1", "" },
        { "active:f+a@{}", "active:f+a@res:/x", "" },
        { "active:f+a@{}", "active:f", "! argument 'a' missing" },
        { "active:f+a@{}", "active:f+a@1+a@2",
                "! argument 'a' given too often" },
        { "active:f+a@{}+b@{}", "active:f+b@1+a@2", "" },
        { "active:f+a@{}+b@{}", "active:f+b@1", "! argument 'a' missing" },
        { "active:f+a@{}?", "active:f", "" },
        { "active:f+a@{}?+b@{}?", "active:f+b@1", "" },
        { "active:f+a@{}?", "active:f+a@1+a@2",
                "! argument 'a' given too often" },
        { "active:f+a@{}*", "active:f", "" },
        { "active:f+a@{}*", "active:f+a@1+a@2+a@3", "" },
        { "active:f+a@{}+", "active:f", "! argument 'a' missing" },
        { "active:f+a@{}+", "active:f+a@1+a@2", "" },
        { "active:f+a@{}++b@{}", "active:f+a@1+b@2", "" },
        { "active:f+*", "active:f+a@1+b@2", "" },
        { "active:f+a@{}+*", "active:f+b@2", "! argument 'a' missing" },
        { "active:f+a@{}*+*", "active:f+b@2", "" },
        { "active:f+a@{}++*", "active:f+b@2+a@1", "" },
        { "active:f+a@{t}", "active:f+a@1", "t=1" },
        { "active:f+a@{t}*", "active:f+a@1+a@res:/x", "t=1 t=res:/x" },
        { "active:f+a@res:/k", "active:f+a@res:/k", "" },
        { "active:f+a@res:/k", "active:f+a@res:/l",
                "! argument 'a' has another value" },
        { "active:f+a@k", "active:f+a@k", "" },
        { "active:{n}+a@{}", "active:g+a@1", "n=g" },
        { "res:/x", "res:/x+a@1", "! argument 'a' not declared" },
        { "res:/{id}+a@{}?", "res:/x+a@1", "id=x" },
        { "res:/{id}+a@{}?", "res:/x", "id=x" },
        { "ws:/c", "ws:/c+socketid@1+status@2+reason@", "" },
        { "ws:/c/{r}", "ws:/c/d+socketid@1", "r=d" },
        { "ws:/c+socketid@{}?", "ws:/c", "" },
        { "ws:/c+socketid@{}", "ws:/c+x@y", "! argument 'socketid' missing" },
        { "active:f+a@{}", "active:f", "", "a" },
        { "active:f+a@{}", "active:f+a@1", "! argument 'a' given too often",
                "a" },
        { "active:f", "active:f", "! argument 'a' not declared", "a" },
        { "active:f+a@k", "active:f", "! argument 'a' has another value", "a" },
        { "res:/x", "res:/x", "! argument 'a' not declared", "a" },
        { "ws:/c", "ws:/c", "", "a" },
        { "regex:res:/x", "res:/x", "", "a" },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_many_slots(void)
{
    const Case one = { "res:/{a}/{b}/{c}/{d}/{e}/{f}", "res:/1/2/3/4/5/6",
        "a=1 b=2 c=3 d=4 e=5 f=6" };

    check_cases(&one, 1);
}

static void
test_syntax_errors(void)
{
    static const struct {
        const char *text, *message;
    } table[] = {
        { "", "character 1: a grammar begins with a scheme" },
        { "/x", "character 1: a grammar begins with a scheme" },
        { "{s}:/x", "character 1: a grammar begins with a scheme" },
        { "res:", "character 5: something must follow the scheme" },
        { "active:+a@{}", "character 8: something must follow the scheme" },
        { "res:/{id", "character 6: this brace is not closed" },
        { "res:/{id:[0-9]{2}", "character 6: this brace is not closed" },
        { "res:/{}", "character 7: a slot is {name}" },
        { "res:/{1}", "character 7: a slot is {name}" },
        { "res:/{a b}", "character 8: a slot is {name}" },
        { "res:/{a*b}", "character 9: a slot is {name}" },
        { "res:/{a}{b}", "character 9: two slots need something between" },
        { "res:/{a}/{a}", "character 11: there is a slot {a} already" },
        { "res:/a}", "character 7: an identifier has no slots: write %7B" },
        { "res:/a@b", "character 7: write %40" },
        { "res:/a%", "character 7: two hexadecimal digits" },
        { "res:/{id:[}", "character 11: bad pattern: missing terminating ]" },
        { "res:/{id:a(b}", "character 13: bad pattern: missing closing" },
        { "res:/a+b", "character 7: an argument is +name@{}" },
        { "res:/a+b@{}x", "character 12: after an argument comes" },
        { "active:f+a@res:/{id}", "character 17: a constant holds none of" },
        { "active:f+a@{x}/y", "character 15: after an argument comes" },
        { "active:f+a@{}+a@{}", "character 14: this name is taken" },
        { "active:f+a@{b}+b@{}", "character 15: this name is taken" },
        { "active:{a}+a@{}", "character 11: this name is taken" },
        { "active:f+a@{b}+c@{b}", "character 19: there is a slot {b}" },
        { "active:f+a@X:y", "'X:y' is neither an identifier nor a text" },
        { "active:f+a@{x*}", "character 14: the value of an argument is" },
        { "active:f+*+a@{}", "character 9: an argument is +name@{}" },
        { "data:,{t*}+a@{}", "character 11: data: takes no arguments" },
        { "regex:(", "character 8: bad pattern: missing closing" },
        { "regex:a\\C", "bad pattern: using \\C is disabled" },
        { "res:/{a}%A4{b}", "character 12: what comes before this is not" },
        { "res:/\n", "character 6: a control character" },
        { "res:/\xff", "character 6: this is not UTF-8" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(fulcra_host_grammar_new(table[i].text, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
        if (strstr(error->message, table[i].message) == NULL)
            g_error("%s: '%s' does not say '%s'", table[i].text, error->message,
                    table[i].message);
    }
}

/* @head, @n times @unit, @tail must be refused. */
static void
refuse_repeated(const char *head, const char *unit, size_t n, const char *tail,
        const char *message)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(head);

    for (size_t i = 0; i < n; i++)
        g_string_append(text, unit);
    g_string_append(text, tail);
    g_assert_null(fulcra_host_grammar_new(text->str, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_assert_nonnull(strstr(error->message, message));
    g_string_free(text, TRUE);
}

static void
test_limits(void)
{
    refuse_repeated("regex:", "a", FULCRA__PATTERN_MAX_LENGTH + 1, "",
            "a pattern of 4097 bytes: the limit is 4096");
    refuse_repeated("res:/{id:", "a", FULCRA__PATTERN_MAX_LENGTH + 1, "}",
            "a pattern of 4097 bytes: the limit is 4096");
    refuse_repeated("regex:", "(", 2000, "", "bad pattern");
    refuse_repeated("res:/", "{", 16000, "", "this brace is not closed");
    refuse_repeated("res:/", "a", 10 * 1000 * 1000, "", "the limit is 16384");

    GString *slots = g_string_new("res:");
    for (int i = 0; i <= FULCRA__GRAMMAR_MAX_SLOTS; i++)
        g_string_append_printf(slots, "/{s%d}", i);
    refuse_repeated(slots->str, "", 0, "", "more than 32 slots");
    g_string_assign(slots, "active:x");
    for (int i = 0; i <= FULCRA__GRAMMAR_MAX_ARGUMENTS; i++)
        g_string_append_printf(slots, "+s%d@{}", i);
    refuse_repeated(slots->str, "", 0, "", "more than 64 arguments");
    g_string_assign(slots, "regex:");
    for (int i = 0; i <= FULCRA__PATTERN_MAX_GROUPS; i++)
        g_string_append_printf(slots, "(?<s%d>)", i);
    refuse_repeated(slots->str, "", 0, "", "33 named groups: the limit is 32");
    g_string_free(slots, TRUE);
}

/* Hostile texts meet a limit, quickly, and that is no ordinary "no". */
static void
test_match_limit(void)
{
    static const char *const grammars[] = {
        "res:/{id:(a+)+}",
        "res:/{id:(a|aa)+}",
        "res:/{id*:^(a+)+$}",
        "regex:^res:/(a+)+$",
        "res:/{a*}a{b*}a{c*}a{d*}x",
    };
    GString *text = g_string_new("res:/");

    for (int i = 0; i < 1000; i++)
        g_string_append_c(text, 'a');
    g_string_append(text, "!");
    g_autoptr(FulcraIdentifier) hostile = must_identifier(text->str);
    g_string_free(text, TRUE);

    for (size_t i = 0; i < G_N_ELEMENTS(grammars); i++) {
        g_autoptr(FulcraGrammar) grammar = must_grammar(grammars[i]);
        const char *reason = NULL;
        FulcraArguments slots;

        fulcra__arguments_init(&slots);
        int64_t start = g_get_monotonic_time();
        bool matches = fulcra__grammar_match(
                grammar, hostile, NULL, 0, &slots, &reason);
        int64_t took = g_get_monotonic_time() - start;

        g_test_message(
                "%s: %s, %" G_GINT64_FORMAT " us", grammars[i], reason, took);
        g_assert_false(matches);
        g_assert_cmpuint(slots.n, ==, 0);
        g_assert_true(reason == fulcra__grammar_limit_reached);
        g_assert_cmpint(took, <, 500 * 1000);

        bool limited = false;
        g_assert_false(fulcra_host_grammar_matches(grammar, hostile, &limited));
        g_assert_true(limited);
    }
}

static void
test_matches(void)
{
    g_autoptr(FulcraGrammar) grammar = must_grammar("res:/{id:[a-z]+}");
    g_autoptr(FulcraIdentifier) fine = must_identifier("res:/abc");
    g_autoptr(FulcraIdentifier) other = must_identifier("res:/ABC");
    bool limited = true;

    g_assert_true(fulcra_host_grammar_matches(grammar, fine, &limited));
    g_assert_false(limited);
    g_assert_false(fulcra_host_grammar_matches(grammar, other, &limited));
    g_assert_false(limited);
}

/* --- building --- */

static char *
describe_build(
        const FulcraGrammar *grammar, const FulcraSlot *slots, size_t n_slots)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) self =
            fulcra_identifier_build(grammar, slots, n_slots, &error);

    if (self == NULL)
        return g_strdup_printf("! %s", error->message);
    return g_strdup(fulcra_identifier_get_text(self));
}

static void
check_build(const FulcraGrammar *grammar, const char *expected,
        const FulcraSlot *slots, size_t n_slots)
{
    g_autofree char *result = describe_build(grammar, slots, n_slots);

    g_assert_cmpstr(result, ==, expected);
}

#define CHECK(grammar, expected, ...)                                          \
    do {                                                                       \
        const FulcraSlot slots_[] = { __VA_ARGS__ };                           \
        check_build(FULCRA_GRAMMAR(grammar), expected, slots_,                 \
                G_N_ELEMENTS(slots_));                                         \
    } while (0)

#define TEXT(name, text) fulcra_slot_text(name, text)
#define REF(name, id)    fulcra_slot_identifier(name, FULCRA_ID(id))

static void
test_build(void)
{
    CHECK("res:/stock/{s}", "res:/stock/ACME", TEXT("s", "ACME"));
    CHECK("res:/stock/{s}", "res:/stock/a%2Fb%2Bc%40%25", TEXT("s", "a/b+c@%"));
    CHECK("res:/f/{r*}", "res:/f/a/b%2Bc", TEXT("r", "a/b+c"));
    CHECK("res:/f/{r*}", "res:/f/", TEXT("r", ""));
    CHECK("res:/{a}/{b}", "res:/1/2", TEXT("b", "2"), TEXT("a", "1"));
    CHECK("active:f+a@{}", "active:f+a@x", TEXT("a", "x"));
    CHECK("active:f+a@{t}", "active:f+a@x", TEXT("t", "x"));
    CHECK("active:f+a@{t}", "active:f+a@res:/x", REF("t", "res:/x"));
    CHECK("active:f+a@{t}*", "active:f+a@1+a@res:/x", TEXT("t", "1"),
            REF("t", "res:/x"));
    CHECK("active:f+a@res:/k+b@{}", "active:f+a@res:/k+b@x", TEXT("b", "x"));
    CHECK("active:f", "active:f+a@x+b@res:/y%252Bz", TEXT("a", "x"),
            REF("b", "res:/y%2Bz"));
    CHECK("data:,{t*}", "data:,a%2Bb", TEXT("t", "a+b"));
    check_build(FULCRA_GRAMMAR("active:f+a@{}?"), "active:f", NULL, 0);
    check_build(FULCRA_GRAMMAR("res:/x"), "res:/x", NULL, 0);
}

static void
test_build_refusals(void)
{
    CHECK("res:/{s}", "! res:/{s}: nothing fills slot {s}", TEXT("t", "x"));
    CHECK("res:/{s}", "! res:/{s}: there is no slot {t}", TEXT("s", "x"),
            TEXT("t", "x"));
    CHECK("res:/{s}", "! res:/{s}: slot {s} is filled twice", TEXT("s", "x"),
            TEXT("s", "x"));
    CHECK("res:/{s}",
            "! res:/{s}: slot {s} needs a text: an identifier can only fill "
            "an argument",
            REF("s", "res:/x"));
    CHECK("res:/{s}", "! res:/{s}: a slot is empty, or its text does not fit",
            TEXT("s", ""));
    CHECK("res:{s*}", "! res:{s*}: something must follow the scheme",
            TEXT("s", ""));
    CHECK("res:/{s:[0-9]+}", "! res:/{s:[0-9]+}: pattern of {s} does not match",
            TEXT("s", "1a"));
    CHECK("res:/{a}-{b}",
            "! res:/{a}-{b}: the text for slot {a} would be read back as "
            "another",
            TEXT("a", "1"), TEXT("b", "2-3"));
    CHECK("active:f+a@{}", "! active:f+a@{}: nothing fills argument 'a'",
            TEXT("b", "x"));
    CHECK("active:f+a@{}", "! active:f+a@{}: argument 'a' is filled too often",
            TEXT("a", "x"), TEXT("a", "y"));
    CHECK("active:f+a@k", "! active:f+a@k: argument 'a' is set by the grammar",
            TEXT("a", "x"));
    CHECK("active:f", "! active:f: 'a+b' cannot name an argument",
            TEXT("a+b", "x"));
    CHECK("active:f", "! active:f: 'a' has neither text nor identifier",
            TEXT("a", NULL));
}

/* What is put into a slot comes back from it, and nothing else changes. */
static void
check_round_trip(const FulcraGrammar *grammar, const FulcraSlot *slots,
        size_t n_slots, bool may_refuse)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) built =
            fulcra_identifier_build(grammar, slots, n_slots, &error);
    FulcraArguments found;
    const char *reason = NULL;

    if (built == NULL && may_refuse)
        return;
    g_assert_no_error(error);
    g_autoptr(FulcraIdentifier) parsed =
            must_identifier(fulcra_identifier_get_text(built));
    g_assert_cmpstr(fulcra_identifier_get_text(built), ==,
            fulcra_identifier_get_text(parsed));
    g_assert_true(fulcra_identifier_equal(built, parsed));
    g_assert_true(built->scheme == grammar->scheme);
    g_assert_cmpuint(built->n_arguments, ==, grammar->n_arguments);

    fulcra__arguments_init(&found);
    if (!fulcra__grammar_match(grammar, parsed, NULL, 0, &found, &reason))
        g_error("%s: %s: %s", grammar->text, fulcra_identifier_get_text(built),
                reason);
    for (size_t i = 0; i < n_slots; i++) {
        const char *name = fulcra_intern(slots[i].name);
        const FulcraArgument *slot = fulcra__arguments_get(&found, name);

        if (slot == NULL)
            slot = fulcra__identifier_get_argument(parsed, name);
        g_assert_cmpstr(slot->text, ==, slots[i].text);
    }
    fulcra__arguments_clear(&found);
}

/* The strings that would be structure if they were not data. */
static const char *const hostile[] = {
    "active:x+operand@res:/secret",
    "+operand@res:/secret",
    "x+operand@res:/secret+b@c",
    "@res:/secret",
    "res:/secret",
    "data:,x",
    "data:,%2Bb",
    "%2Boperand%40res:/secret",
    "%252Boperand%2540res:/secret",
    "../../secret",
    "/secret",
    "a/b",
    "{id}",
    "%7Bid%7D",
    "%",
    "%2",
    "%00",
    "%zz",
    ":",
    "\x01\x1f\x7f\n\r\t",
    "\xff\xc3\x28\xed\xa0\x80",
    "é\u2028漢字",
    " ",
    ".",
    "+",
};

static void
test_hostile_texts(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        FulcraSlot one = fulcra_slot_text("t", hostile[i]);
        FulcraSlot two[] = { one, fulcra_slot_text("u", hostile[i]) };

        check_round_trip(FULCRA_GRAMMAR("res:/{t}"), &one, 1, false);
        check_round_trip(FULCRA_GRAMMAR("res:{t}"), &one, 1, false);
        check_round_trip(FULCRA_GRAMMAR("res:/{t*}"), &one, 1, false);
        check_round_trip(FULCRA_GRAMMAR("res:/a/{t}/b"), &one, 1, false);
        check_round_trip(FULCRA_GRAMMAR("res:/{t}/{u*}"), two, 2, false);
        check_round_trip(FULCRA_GRAMMAR("active:f+a@{t}"), &one, 1, false);
        check_round_trip(FULCRA_GRAMMAR("active:f+t@{}+u@{}"), two, 2, false);
        check_round_trip(FULCRA_GRAMMAR("active:{t}+a@{u}"), two, 2, false);
        check_round_trip(FULCRA_GRAMMAR("ws:/{t}+socketid@{u}"), two, 2, false);
    }
}

/* Three levels: each is data to the one around it. */
static void
test_nested(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        FulcraSlot slot = fulcra_slot_text("a", hostile[i]);
        g_autoptr(FulcraIdentifier) outer = NULL;

        for (int level = 0; level < 4; level++) {
            FulcraIdentifier *next = fulcra_identifier_build(
                    FULCRA_GRAMMAR("active:f+a@{}"), &slot, 1, NULL);

            g_assert_nonnull(next);
            fulcra_identifier_unref(outer);
            outer = next;
            slot = fulcra_slot_identifier("a", outer);
        }
        g_autoptr(FulcraIdentifier) parsed =
                must_identifier(fulcra_identifier_get_text(outer));
        FulcraIdentifier *inner = parsed;

        g_assert_true(fulcra_identifier_equal(outer, parsed));
        for (int level = 0; level < 3; level++) {
            g_assert_cmpuint(inner->n_arguments, ==, 1);
            inner = inner->arguments[0].identifier;
        }
        g_assert_cmpuint(inner->n_arguments, ==, 1);
        g_assert_cmpstr(inner->arguments[0].text, ==, hostile[i]);
    }
}

static char *
random_text(GRand *random, bool may_be_empty)
{
    static const char *const words[] = { "%", "+", "@", "/", ":", "{", "}", "-",
        ".", "*", " ", "a", "B", "2", "%2", "%2B", "%25", "%2F", "+a@", "res:/",
        "data:,", "active:f", "\xc3\xa4", "\xc3", "\xa4", "\xff", "\x01", "\n",
        "\x7f", "~", "\"", "\\" };
    GString *text = g_string_new(NULL);
    int n = g_rand_int_range(random, may_be_empty ? 0 : 1, 9);

    for (int i = 0; i < n; i++)
        g_string_append(
                text, words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))]);
    return g_string_free(text, FALSE);
}

static void
test_inverse(void)
{
    static const struct {
        const char *text;
        bool may_refuse;
        bool rest;
    } table[] = {
        { "res:/{t}", false, false },
        { "res:/{t}/{u}", false, false },
        { "active:f+t@{}+u@{}", false, true },
        { "active:f+a@{t}+b@{u}", false, true },
        { "ws:/{t}+socketid@{u}", false, false },
        { "res:/{t}-{u}", true, false },
        { "res:/{t}%2B{u}", true, false },
        { "res:/{t*}/{u*}", true, true },
        { "res:/{t:[^%]+}/{u*:.*a.*}", true, true },
        { "res:/{t}%C3%A4{u}", true, false },
        { "data:,{t*}", false, true },
    };
    GRand *random = g_rand_new_with_seed(20240229);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(FulcraGrammar) grammar = must_grammar(table[i].text);
        size_t n_slots = strstr(table[i].text, "u") != NULL ? 2 : 1;

        for (int round = 0; round < 2000; round++) {
            g_autofree char *t = random_text(random, table[i].rest);
            g_autofree char *u = random_text(random, table[i].rest);
            FulcraSlot slots[] = { fulcra_slot_text("t", t),
                fulcra_slot_text("u", u) };

            check_round_trip(grammar, slots, n_slots,
                    table[i].may_refuse ||
                            (n_slots == 1 && table[i].rest && *t == '\0'));
        }
    }
    g_rand_free(random);
}

/* --- literals --- */

static void
test_literals(void)
{
    const FulcraGrammar *grammar = FULCRA_GRAMMAR("res:/shared/{x}");
    const FulcraGrammar *whole = FULCRA_GRAMMAR("res:/shared/whole");

    g_assert_true(grammar == FULCRA_GRAMMAR("res:/shared/{x}"));
    g_assert_cmpstr(
            fulcra_host_grammar_get_text(grammar), ==, "res:/shared/{x}");
    g_assert_true(
            fulcra_host_grammar_get_scheme(grammar) == fulcra_intern("res"));
    g_assert_true(whole->whole == FULCRA_ID("res:/shared/whole")->base);

    g_autoptr(FulcraGrammar) regex = must_grammar("regex:.*");
    g_assert_null(fulcra_host_grammar_get_scheme(regex));
    check_build(regex, "! regex:.*: a regex grammar cannot build", NULL, 0);
}

static void
test_bad_literal(void)
{
    if (g_test_subprocess()) {
        FULCRA_GRAMMAR("res:/{id");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr(
            "*FULCRA_GRAMMAR(\"res:/{id\"): character 6: this brace*");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/grammar/simple", test_simple);
    g_test_add_func("/grammar/patterns", test_patterns);
    g_test_add_func("/grammar/arguments", test_arguments);
    g_test_add_func("/grammar/many-slots", test_many_slots);
    g_test_add_func("/grammar/syntax-errors", test_syntax_errors);
    g_test_add_func("/grammar/limits", test_limits);
    g_test_add_func("/grammar/match-limit", test_match_limit);
    g_test_add_func("/grammar/matches", test_matches);
    g_test_add_func("/grammar/build", test_build);
    g_test_add_func("/grammar/build-refusals", test_build_refusals);
    g_test_add_func("/grammar/hostile-texts", test_hostile_texts);
    g_test_add_func("/grammar/nested", test_nested);
    g_test_add_func("/grammar/inverse", test_inverse);
    g_test_add_func("/grammar/literals", test_literals);
    g_test_add_func("/grammar/bad-literal", test_bad_literal);
    return g_test_run();
}
