/* SPDX-License-Identifier: MIT */

/*
 * page.c - what an error looks like; pure functions
 */

#include "http/page.h"

#include <string.h>

/* Bounds of the search for a suggestion: it is quadratic in the lengths. */
#define MAX_TEXT       200
#define MAX_CANDIDATES 200

/* --- did you mean --- */

/* Levenshtein's distance of two texts of at most MAX_TEXT bytes. */
static unsigned
distance(const char *a, const char *b)
{
    unsigned row[MAX_TEXT + 1];
    size_t n_b = strlen(b);

    for (unsigned j = 0; j <= n_b; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= n_b; j++) {
            unsigned above = row[j];
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);

            row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[n_b];
}

/* @grammar with each slot that is a whole segment taken from @path; @literal:
 * how much of it is not. */
static char *
fill_slots(const char *grammar, const char *path, size_t *literal)
{
    g_auto(GStrv) wanted = g_strsplit(grammar, "/", 0);
    g_auto(GStrv) given = g_strsplit(path, "/", 0);
    unsigned n_given = g_strv_length(given);
    g_autoptr(GString) filled = g_string_new(NULL);

    for (unsigned i = 0; wanted[i] != NULL; i++) {
        bool slot = wanted[i][0] == '{';

        if (i > 0)
            g_string_append_c(filled, '/');
        *literal += slot ? 1 : strlen(wanted[i]) + 1;
        if (slot && g_str_has_suffix(wanted[i], "*}")) {
            g_autofree char *rest =
                    i < n_given ? g_strjoinv("/", given + i) : NULL;

            g_string_append(filled, rest != NULL ? rest : "");
        } else {
            g_string_append(filled, slot && i < n_given ? given[i] : wanted[i]);
        }
    }
    return g_string_free(g_steal_pointer(&filled), FALSE);
}

char *
fulcra__http_page_suggest(const char *trace, const char *path)
{
    g_autofree char *best = NULL;
    unsigned least = G_MAXUINT, candidates = 0;

    if (strlen(path) > MAX_TEXT)
        return NULL;
    for (const char *at = strstr(trace, "res:/");
            at != NULL && candidates < MAX_CANDIDATES;
            at = strstr(at + 1, "res:/"), candidates++) {
        g_autofree char *grammar = g_strndup(at + strlen("res:"),
                strcspn(at, " \t\n\"',;)") - strlen("res:"));
        size_t literal = 0;
        g_autofree char *filled = fill_slots(grammar, path, &literal);

        if (strlen(filled) > MAX_TEXT)
            continue;
        unsigned far = distance(path, filled);
        if (far == 0 || far >= least || far > MAX(2, literal / 4))
            continue;
        least = far;
        g_free(best);
        best = g_steal_pointer(&filled);
    }
    return g_steal_pointer(&best);
}

/* --- text --- */

static char *
suggestion_of(const FulcraHttpProblem *problem)
{
    return problem->trace == NULL
                   ? NULL
                   : fulcra__http_page_suggest(problem->trace, problem->path);
}

char *
fulcra__http_page_text(const FulcraHttpProblem *problem)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *suggestion = suggestion_of(problem);

    g_string_append_printf(text, "%u %s\n\n%s %s\n", problem->status,
            problem->phrase, problem->method, problem->path);
    if (problem->message != NULL)
        g_string_append_printf(text, "%s%s%s\n",
                problem->id != NULL ? problem->id : "",
                problem->id != NULL ? ": " : "", problem->message);
    if (suggestion != NULL)
        g_string_append_printf(text, "\nDid you mean %s ?\n", suggestion);
    if (problem->stack != NULL)
        g_string_append_printf(
                text, "\nRequests it came through:\n%s\n", problem->stack);
    if (problem->trace != NULL)
        g_string_append_printf(
                text, "\nWho was asked, and why not:\n%s\n", problem->trace);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* --- HTML --- */

static const char page_head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<style>\n"
        ":root{--bg:#f6f5f1;--card:#fff;--ink:#1d1f24;--dim:#6a6f78;"
        "--line:#e0ded6;--hot:#b3361e;--link:#0b5cad}\n"
        "@media(prefers-color-scheme:dark){:root{--bg:#15171b;--card:#1d2026;"
        "--ink:#e7e6e2;--dim:#989da6;--line:#30343c;--hot:#ff8a6b;"
        "--link:#7db8ff}}\n"
        "body{margin:0;background:var(--bg);color:var(--ink);"
        "font:16px/1.55 system-ui,sans-serif}\n"
        "main{max-width:58rem;margin:0 auto;padding:3rem 1.2rem}\n"
        "h1{font-size:1.7rem;margin:0 0 .3rem;line-height:1.2}\n"
        "h1 b{color:var(--hot);font-weight:700}\n"
        "h2{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;"
        "color:var(--dim);margin:2rem 0 .5rem;font-weight:600}\n"
        "p{margin:.5rem 0}a{color:var(--link)}\n"
        "code,pre{font:13.5px/1.6 ui-monospace,SFMono-Regular,Menlo,"
        "monospace}\n"
        "p code{overflow-wrap:anywhere}\n"
        "pre{background:var(--card);border:1px solid var(--line);"
        "border-radius:10px;padding:1rem 1.1rem;margin:0;overflow-x:auto}\n"
        ".dim{color:var(--dim)}\n"
        ".meant{font-size:1.1rem;margin-top:1rem}\n"
        "</style>\n";

static void
append_escaped(
        GString *page, const char *before, const char *text, const char *after)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);

    g_string_append(page, before);
    g_string_append(page, escaped);
    g_string_append(page, after);
}

static void
append_suggestion(GString *page, const char *suggestion)
{
    g_autofree char *href =
            g_uri_escape_string(suggestion, "/:@!$'()*,;=", FALSE);

    append_escaped(
            page, "<p class=\"meant\">Did you mean <a href=\"", href, "\">");
    append_escaped(page, "<code>", suggestion, "</code></a>?</p>\n");
}

char *
fulcra__http_page_html(const FulcraHttpProblem *problem)
{
    g_autoptr(GString) page = g_string_new(page_head);
    g_autofree char *suggestion = suggestion_of(problem);

    g_string_append_printf(page,
            "<title>%u %s</title></head>\n<body><main>\n<h1><b>%u</b> %s</h1>",
            problem->status, problem->phrase, problem->status, problem->phrase);
    append_escaped(page, "\n<p class=\"dim\"><code>", problem->method, " ");
    append_escaped(page, "", problem->path, "</code></p>\n");
    if (problem->message != NULL)
        append_escaped(page, "<p>", problem->message, "</p>\n");
    if (suggestion != NULL)
        append_suggestion(page, suggestion);
    if (problem->stack != NULL)
        append_escaped(page, "<h2>Requests it came through</h2>\n<pre>",
                problem->stack, "</pre>\n");
    if (problem->trace != NULL)
        append_escaped(page, "<h2>Who was asked, and why not</h2>\n<pre>",
                problem->trace, "</pre>\n");
    if (problem->id != NULL)
        append_escaped(page, "<p class=\"dim\">Error id: <code>", problem->id,
                "</code>. This page is shown because the server runs as a "
                "playground.</p>\n");
    g_string_append(page, "</main></body></html>\n");
    return g_string_free(g_steal_pointer(&page), FALSE);
}
