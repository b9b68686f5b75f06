/* SPDX-License-Identifier: MIT */

/*
 * Filesets: globs, rewrite templates, media types
 */

#include "private/grammar.h"
#include "spaces/fileset_choice.h"
#include "spaces/kinds.h"

#include <fulcra-host/identifier.h>
#include <fulcra/error.h>
#include <string.h>

/* --- globs --- */

static const struct {
    const char *glob, *identifier, *rewritten; /* NULL: does not match */
} globs[] = {
    { "res:/a/*.css", "res:/a/x.css", "x" },
    { "res:/a/*.css", "res:/a/.css", "" },
    { "res:/a/*.css", "res:/a/x.scss", NULL },
    { "res:/a/*.css", "res:/a/x/y.css", NULL },
    { "res:/a/*.css", "res:/a/xcss", NULL },
    { "res:/a/*.css", "res:/b/x.css", NULL },
    { "res:/a/*.css", "xres:/a/x.css", NULL },
    { "res:/a/*.css", "res:/a/x.css+b@c", NULL },
    { "res:/a/*", "res:/a/x%2By%40z", "x+y@z" },
    { "res:/a/*5", "res:/a/x%25", NULL },
    { "res:/?", "res:/x", "x" },
    { "res:/?", "res:/", NULL },
    { "res:/?", "res:/xy", NULL },
    { "res:/?", "res:/%25", "%" },
    { "res:/?", "res:/\xc3\xa4", "\xc3\xa4" },
    { "res:/**", "res:/", "" },
    { "res:/**", "res:/x/y/z", "x/y/z" },
    { "res:/**.txt", "res:/x/y.txt", "x/y" },
    { "res:/**/y", "res:/y", "" },
    { "res:/**/y", "res:/x/y", "x/" },
    { "res:/**/y", "res:/x/x/y", "x/x/" },
    { "res:/**/y", "res:/xy", NULL },
    { "res:/{css,js}/x", "res:/js/x", "js" },
    { "res:/{css,js}/x", "res:/jss/x", NULL },
    { "res:/{*.css,a?}", "res:/b.css", "b.css" },
    { "res:/{*.css,a?}", "res:/ab", "ab" },
    { "res:/{,x}y", "res:/y", "" },
    { "res:/\\*", "res:/*", "-" },
    { "res:/\\*", "res:/x", NULL },
    { "res:/a.b+c", "res:/a.b%2Bc", "-" },
    { "res:/a.b", "res:/axb", NULL },
    { "res:/(a|b)$^", "res:/(a|b)$^", "-" },
};

static const char *
get_slot(const char *slot, void *slots)
{
    const FulcraArgument *found =
            fulcra__arguments_get(slots, fulcra_intern(slot));

    return found != NULL ? found->text : NULL;
}

/* What {1} stands for; "-" where there is no wildcard; NULL where @grammar does
 * not match. (transfer full) */
static char *
first_wildcard(FulcraGrammar *grammar, const char *identifier)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) parsed =
            fulcra_host_identifier_parse(identifier, &error);
    g_autoptr(FulcraFilesetRewrite) rewrite =
            fulcra__fileset_rewrite_new("{1}", NULL);
    FulcraArguments slots;
    char *result = NULL;

    g_assert_no_error(error);
    fulcra__arguments_init(&slots);
    if (fulcra__grammar_match(grammar, parsed, NULL, 0, &slots, NULL))
        result = fulcra__fileset_rewrite_lacks(rewrite, grammar) != NULL
                         ? g_strdup("-")
                         : fulcra__fileset_rewrite_apply(
                                   rewrite, get_slot, &slots);
    fulcra__arguments_clear(&slots);
    return result;
}

static void
test_globs(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(globs); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
                fulcra__fileset_glob_to_grammar(globs[i].glob, &error);
        g_assert_no_error(error);
        g_autoptr(FulcraGrammar) grammar =
                fulcra_host_grammar_new(text, &error);
        g_assert_no_error(error);
        g_autofree char *is = first_wildcard(grammar, globs[i].identifier);

        g_test_message("%s with %s", globs[i].glob, globs[i].identifier);
        g_assert_cmpstr(is, ==, globs[i].rewritten);
    }
}

/* --- rewrite templates --- */

static const char *
upper(const char *slot, void *user_data)
{
    static char text[32];

    (void)user_data;
    if (strcmp(slot, "none") == 0)
        return NULL;
    g_strlcpy(text, slot, sizeof text);
    text[0] = g_ascii_toupper(text[0]);
    return text;
}

static const struct {
    const char *text, *result; /* NULL: refused */
} rewrites[] = {
    { "a", "a" },
    { "{a}", "A" },
    { "{1}", "W1" },
    { "{12}", "W12" },
    { "x/{a}.{b}/y", "x/A.B/y" },
    { "x{none}y", "xy" },
    { "x/", "x/" },
    { "{a}/", "A/" },
    { "", "" },
    { "/x", NULL },
    { "//x", NULL },
    { "x//y", NULL },
    { "..", NULL },
    { "x/../y", NULL },
    { "./x", NULL },
    { ".x", NULL },
    { "x/.{a}", NULL },
    { "x\\y", NULL },
    { "{", NULL },
    { "}", NULL },
    { "{}", NULL },
    { "{a", NULL },
    { "{a}}", NULL },
};

static void
test_rewrites(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rewrites); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraFilesetRewrite) rewrite =
                fulcra__fileset_rewrite_new(rewrites[i].text, &error);

        g_test_message("%s", rewrites[i].text);
        g_assert_true((rewrite != NULL) == (rewrites[i].result != NULL));
        if (rewrite == NULL) {
            g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
            continue;
        }
        g_autofree char *path =
                fulcra__fileset_rewrite_apply(rewrite, upper, NULL);
        g_assert_cmpstr(path, ==, rewrites[i].result);
    }
}

/* --- media types --- */

static void
test_media_types(void)
{
    g_assert_cmpstr(fulcra_media_type_of("a/b.HTML"), ==, "text/html");
    g_assert_cmpstr(fulcra_media_type_of("b.tar.gz"), ==, "application/gzip");
    g_assert_cmpstr(fulcra_media_type_of("b.woff2"), ==, "font/woff2");
    g_assert_cmpstr(
            fulcra_media_type_of("b.q9z"), ==, "application/octet-stream");
    g_assert_cmpstr(fulcra_media_type_of("b"), ==, "application/octet-stream");
    g_assert_cmpstr(
            fulcra_media_type_of("html"), ==, "application/octet-stream");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fileset/globs", test_globs);
    g_test_add_func("/fileset/rewrites", test_rewrites);
    g_test_add_func("/fileset/media-types", test_media_types);
    return g_test_run();
}
