/* SPDX-License-Identifier: MIT */
/*
 * Resolution as definitions state it, as a table: what answers where several
 * could, what imports show and hide, what limiters end, what mappers reach.
 *
 * In every row the request begins in urn:x:host, and the answer is the text of
 * the literal that was found; where it is NULL nothing may be, and the trace
 * has the line given.
 */
#include "spaces/kinds.h"

#include <fulcra-host/identifier.h>
#include <fulcra-host/loader.h>
#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

#include <glib/gstdio.h>
#include <string.h>

/* Shorthand for definitions, so that a row fits on few lines. */
#define L(grammar, text)                                                       \
    "{\"literal\":{\"grammar\":\"" grammar "\",\"text\":\"" text "\"}}"
#define L_PRIVATE(grammar, text)                                               \
    "{\"literal\":{\"grammar\":\"" grammar "\",\"text\":\"" text               \
    "\"},\"private\":true}"
#define IMPORT(name)         "{\"import\":\"urn:x:" name "\"}"
#define IMPORT_PRIVATE(name) "{\"import\":\"urn:x:" name "\",\"private\":true}"
#define IMPORT_TYPE(type)    "{\"import\":{\"attach\":\"" type "\"}}"
#define LIMIT(grammar)       "{\"limiter\":{\"grammar\":\"" grammar "\"}}"
#define MAP(from, to)        "{\"grammar\":\"" from "\",\"request\":\"" to "\"}"
#define MAPPER(map, space)                                                     \
    "{\"mapper\":{\"map\":[" map "],\"space\":[" space "]}}"
#define OVERLAY(space) "{\"pluggable\":{\"space\":[" space "]}}"
#define SPACE(name, entries)                                                   \
    "{\"uri\":\"urn:x:" name "\",\"endpoints\":[" entries "]}"
#define SPACE_WITH(name, keys, entries)                                        \
    "{\"uri\":\"urn:x:" name "\"," keys ",\"endpoints\":[" entries "]}"

typedef struct {
    const char *name;
    const char *spaces;
    const char *asked;
    const char *answer; /* NULL: unresolved */
    const char *trace;  /* (nullable): a line of it */
} Row;

static const Row rows[] = {
    /* --- order --- */
    { "first-wins", SPACE("host", L("res:/a", "1") "," L("res:/a", "2")),
            "res:/a", "1", NULL },
    { "general-before-particular",
            SPACE("host", L("res:/{x}", "1") "," L("res:/a", "2")), "res:/a",
            "1", NULL },
    { "endpoint-shadows-import",
            SPACE("host", L("res:/a", "own") "," IMPORT("b")) "," SPACE(
                    "b", L("res:/a", "imported")),
            "res:/a", "own", NULL },
    { "import-shadows-endpoint",
            SPACE("host", IMPORT("b") "," L("res:/a", "own")) "," SPACE(
                    "b", L("res:/a", "imported")),
            "res:/a", "imported", NULL },
    { "first-import-shadows-second",
            SPACE("host", IMPORT("b") "," IMPORT("c")) "," SPACE(
                    "b", L("res:/a", "b")) "," SPACE("c", L("res:/a", "c")),
            "res:/a", "b", NULL },
    { "depth-first",
            SPACE("host", IMPORT("b") "," IMPORT("c")) "," SPACE(
                    "b", IMPORT("d")) "," SPACE("c",
                    L("res:/a", "c")) "," SPACE("d", L("res:/a", "d")),
            "res:/a", "d", NULL },
    { "imported-twice",
            SPACE("host", IMPORT("b") "," IMPORT("c")) "," SPACE(
                    "b", IMPORT("c")) "," SPACE("c", L("res:/a", "c")),
            "res:/a", "c", NULL },
    { "circle",
            SPACE("host", IMPORT("b")) "," SPACE("b", IMPORT("c")) "," SPACE(
                    "c", IMPORT("b")),
            "res:/a", NULL, "import urn:x:b: already inside it" },

    /* --- scope --- */
    { "importer-overrides-library",
            SPACE("host", IMPORT("b") "," L("res:/conf", "host")) "," SPACE(
                    "b", MAPPER(MAP("res:/a", "res:/conf"), "")),
            "res:/a", "host", NULL },
    { "library-first",
            SPACE("host", IMPORT("b") "," L("res:/conf", "host")) "," SPACE(
                    "b", MAPPER(MAP("res:/a", "res:/conf"), "") "," L(
                                 "res:/conf", "library")),
            "res:/a", "library", NULL },

    /* --- private --- */
    { "private-at-home", SPACE("host", L_PRIVATE("res:/a", "1")), "res:/a", "1",
            NULL },
    { "private-abroad",
            SPACE("host", IMPORT("b")) "," SPACE("b", L_PRIVATE("res:/a", "1")),
            "res:/a", NULL, "literal: private" },
    { "private-lets-the-next",
            SPACE("host", IMPORT("b") "," L("res:/a", "2")) "," SPACE(
                    "b", L_PRIVATE("res:/a", "1")),
            "res:/a", "2", NULL },
    { "private-inside",
            SPACE("host", IMPORT("b")) "," SPACE(
                    "b", L_PRIVATE("res:/a", "1") "," MAPPER(
                                 MAP("res:/b", "res:/a"), "")),
            "res:/b", "1", NULL },
    { "private-import",
            SPACE("host", IMPORT("b")) "," SPACE(
                    "b", IMPORT_PRIVATE("c")) "," SPACE("c", L("res:/a", "1")),
            "res:/a", NULL, "urn:x:c: private" },
    { "private-filter-off",
            SPACE("host", IMPORT("b")) "," SPACE_WITH(
                    "b", "\"private-filter\":false", L_PRIVATE("res:/a", "1")),
            "res:/a", "1", NULL },
    { "private-filter-is-of-one-space",
            SPACE("host", IMPORT("b")) "," SPACE_WITH("b",
                    "\"private-filter\":false",
                    IMPORT("c")) "," SPACE("c", L_PRIVATE("res:/a", "1")),
            "res:/a", NULL, "literal: private" },

    /* --- dynamic imports --- */
    { "attached",
            SPACE("host", IMPORT_TYPE("t")) "," SPACE_WITH(
                    "b", "\"public\":true,\"attach\":\"t\"", L("res:/a", "b")),
            "res:/a", "b", NULL },
    { "attached-in-order",
            SPACE("host", IMPORT_TYPE("t")) "," SPACE_WITH("b",
                    "\"public\":true,\"attach\":\"t\"",
                    L("res:/a", "b")) "," SPACE_WITH("c",
                    "\"public\":true,\"attach\":\"t\"", L("res:/a", "c")),
            "res:/a", "b", NULL },
    { "attached-elsewhere",
            SPACE("host", IMPORT_TYPE("t")) "," SPACE_WITH(
                    "b", "\"public\":true,\"attach\":\"u\"", L("res:/a", "b")),
            "res:/a", NULL, "import urn:fulcra:attached:t" },

    /* --- limiters --- */
    { "limiter-after",
            SPACE("host", L("res:/a/1", "1") "," LIMIT("res:/a/{x}")),
            "res:/a/1", "1", NULL },
    { "limiter-before",
            SPACE("host", LIMIT("res:/a/{x}") "," L("res:/a/1", "1")),
            "res:/a/1", NULL, "limiter (res:/a/{x}): goes no further" },
    { "limiter-elsewhere",
            SPACE("host", LIMIT("res:/b/{x}") "," L("res:/a/1", "1")),
            "res:/a/1", "1", NULL },
    { "limiter-before-imports",
            SPACE("host",
                    L("res:/etc/own", "own") "," LIMIT(
                            "res:/etc/{x}") "," IMPORT("b")) "," SPACE("b",
                    L("res:/etc/theirs", "theirs")),
            "res:/etc/theirs", NULL, "limiter (res:/etc/{x})" },
    { "limiter-in-an-import",
            SPACE("host", IMPORT("b") "," L("res:/a/1", "1")) "," SPACE(
                    "b", LIMIT("res:/a/{x}")),
            "res:/a/1", NULL, "limiter (res:/a/{x}): goes no further" },
    { "limiter-under-a-sandbox",
            SPACE("host", L("res:/out", "1") "," IMPORT("b")) "," SPACE(
                    "b", MAPPER(MAP("res:/in", "res:/out"), "") "," LIMIT(
                                 "res:/out")),
            "res:/in", NULL, "limiter (res:/out): goes no further" },

    /* --- mappers --- */
    { "mapper",
            SPACE("host", MAPPER(MAP("res:/a", "res:/b"), L("res:/b", "1"))),
            "res:/a", "1", NULL },
    { "mapper-is-opaque",
            SPACE("host", MAPPER(MAP("res:/a", "res:/b"), L("res:/b", "1"))),
            "res:/b", NULL, "mapper (res:/a): prefix differs" },
    { "mapper-inside-first",
            SPACE("host", L("res:/b", "out") "," MAPPER(
                                  MAP("res:/a", "res:/b"), L("res:/b", "in"))),
            "res:/a", "in", NULL },
    { "mapper-then-outside",
            SPACE("host", L("res:/b", "out") "," MAPPER(
                                  MAP("res:/a", "res:/b"), L("res:/c", "in"))),
            "res:/a", "out", NULL },
    { "mapper-first-entry",
            SPACE("host", MAPPER(MAP("res:/a", "res:/b") "," MAP(
                                         "res:/{x}", "res:/c"),
                                  L("res:/b", "b") "," L("res:/c", "c"))),
            "res:/a", "b", NULL },
    { "mapper-slots",
            SPACE("host", MAPPER(MAP("res:/a/{x}/{y*}", "res:/{y*}/{x}"),
                                  L("res:/2/3/1", "1"))),
            "res:/a/1/2/3", "1", NULL },
    { "mapper-of-mapper",
            SPACE("host",
                    MAPPER(MAP("res:/a", "res:/b"),
                            MAPPER(MAP("res:/b", "res:/c"), L("res:/c", "1")))),
            "res:/a", "1", NULL },
    { "mapper-import-inside",
            SPACE("host",
                    MAPPER(MAP("res:/a", "res:/b"), IMPORT("c"))) "," SPACE("c",
                    L("res:/b", "1")),
            "res:/a", "1", NULL },
    { "mapper-names-what-it-asked",
            SPACE("host", MAPPER(MAP("res:/a", "res:/b"), L("res:/c", "1"))),
            "res:/a", NULL, "space urn:x:host#mapper" },

    /* --- overlays --- */
    { "overlay-is-transparent", SPACE("host", OVERLAY(L("res:/a", "1"))),
            "res:/a", "1", NULL },
    { "overlay-lets-the-next",
            SPACE("host", OVERLAY(L("res:/b", "1")) "," L("res:/a", "2")),
            "res:/a", "2", NULL },
    { "overlay-hides-what-is-private",
            SPACE("host", OVERLAY(L_PRIVATE("res:/a", "1"))), "res:/a", NULL,
            "literal: private" },
    { "overlay-names-what-it-asked", SPACE("host", OVERLAY(L("res:/b", "1"))),
            "res:/a", NULL, "overlay pluggable: space urn:x:host#pluggable" },
    { "limiter-behind-an-overlay",
            SPACE("host", OVERLAY(LIMIT("res:/a")) "," L("res:/a", "1")),
            "res:/a", NULL, "limiter (res:/a): goes no further" },
};

/* A module of these spaces, loaded. */
static FulcraLoader *
load(FulcraKernel *kernel, const char *folder, const char *spaces)
{
    FulcraLoader *loader = fulcra_host_loader_new(kernel);
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);
    g_autofree char *definition = g_strdup_printf(
            "{\"uri\":\"urn:x:m\",\"version\":\"1.0.0\",\"spaces\":[%s]}",
            spaces);
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; fulcra_space_kinds[i] != NULL; i++)
        fulcra_host_loader_add_kind(loader, fulcra_space_kinds[i], NULL);
    g_assert_true(g_file_set_contents(file, definition, -1, NULL));
    fulcra_host_loader_add_folder(loader, folder, &error);
    g_assert_no_error(error);
    fulcra_host_loader_load_all(loader, &error);
    g_assert_no_error(error);
    g_unlink(file);
    return loader;
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_autofree char *folder = g_dir_make_tmp("fulcra-semantics-XXXXXX", NULL);
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    FulcraLoader *loader = load(kernel, folder, row->spaces);
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(row->asked, NULL);
    FulcraRequest *request = fulcra_host_request_new_root(
            kernel, "urn:x:host", NULL, FULCRA_VERB_SOURCE, identifier);
    g_autoptr(GError) error = NULL;
    FulcraRepresentation *answer = fulcra_request_issue(request, &error);

    if (row->answer != NULL) {
        g_assert_no_error(error);
        g_assert_cmpstr(
                fulcra_representation_get_text(answer), ==, row->answer);
    } else {
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
        if (strstr(fulcra_error_get_trace(error), row->trace) == NULL)
            g_error("no '%s' in:\n%s", row->trace,
                    fulcra_error_get_trace(error));
    }
    fulcra_representation_unref(answer);
    fulcra_request_unref(request);
    fulcra_host_loader_free(loader);
    fulcra_host_kernel_free(kernel);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/semantics/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
