/* SPDX-License-Identifier: MIT */
/*
 * Definitions: each mistake, the words it is reported with, and where; and that
 * the JSON Schema and the guide say what the checker checks.
 */
#include "spaces/kinds.h"
#include "timer/timer.h"

#include <fulcra-host/loader.h>
#include <fulcra/error.h>

#include <glib/gstdio.h>
#include <string.h>

#include "patience.h"
#include "requires.h"

typedef struct {
    FulcraKernel *kernel;
    FulcraLoader *loader;
    char *folder;
    char *file;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    g_autofree char *www = NULL;

    self->kernel = fulcra_host_kernel_new(NULL);
    self->loader = fulcra_host_loader_new(self->kernel);
    for (size_t i = 0; fulcra_space_kinds[i] != NULL; i++)
        fulcra_host_loader_add_kind(self->loader, fulcra_space_kinds[i], NULL);
    fulcra_host_loader_add_kind(self->loader, &fulcra_kind_session, NULL);
    fulcra_host_loader_add_kind(self->loader, &fulcra_kind_timer, NULL);
    self->folder = g_dir_make_tmp("fulcra-definition-XXXXXX", NULL);
    self->file = g_build_filename(self->folder, FULCRA_DEFINITION, NULL);
    www = g_build_filename(self->folder, "www", NULL);
    g_assert_cmpint(g_mkdir(www, 0700), ==, 0);
}

static void
tear_down(Fixture *self, const void *data)
{
    g_autofree char *www = g_build_filename(self->folder, "www", NULL);

    fulcra_host_loader_free(self->loader);
    fulcra_host_kernel_free(self->kernel);
    g_unlink(self->file);
    g_rmdir(www);
    g_assert_cmpint(g_rmdir(self->folder), ==, 0);
    g_free(self->folder);
    g_free(self->file);
}

/* What is reported about a definition; the folder's name is left out. */
static char *
check(Fixture *self, const char *text)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autofree char *prefix = g_strconcat(self->folder, "/", NULL);
    g_autofree char *said = NULL;
    bool fine;

    g_assert_true(g_file_set_contents(self->file, text, -1, NULL));
    fine = fulcra_host_loader_check(self->loader, self->file, problems);
    g_assert_cmpint(fine, ==, fulcra_host_problems_count(problems) == 0);
    said = fulcra_host_problems_to_text(problems);

    g_auto(GStrv) parts = g_strsplit(said, prefix, -1);
    g_autofree char *whole = g_strjoinv("", parts);
    g_auto(GStrv) more = g_strsplit(whole, self->folder, -1);
    return g_strjoinv("FOLDER", more);
}

#define HEAD   "{\"uri\":\"urn:a:b\",\"version\":\"1.0.0\",\n"
#define SPACES "\"spaces\":[{\"uri\":\"urn:a:b\",\n\"endpoints\":[\n"
#define TAIL   "\n]}]}"

static const struct {
    const char *text, *said;
} cases[] = {
    /* what is fine */
    { HEAD "\"spaces\":[]}", "" },
    { HEAD SPACES TAIL, "" },
    { HEAD SPACES "{\"fileset\":{\"grammar\":\"res:/a/{path*}\",\"root\":"
                  "\"www\"},\"private\":true},{\"import\":\"urn:x:y\"}" TAIL,
            "" },
    { HEAD "\"requires\":{\"urn:x:y\":\">=1.0 <2\",\"urn:x:z\":\"*\"},"
           "\"$schema\":\"x\",\"title\":\"t\",\"description\":\"d\","
           "\"settings\":{\"a\":{\"type\":\"text\",\"default\":\"\","
           "\"help\":\"h\"}},\"spaces\":[]}",
            "" },

    /* JSON */
    { "{\"uri\":\"urn:a:b\",\n \"uri\":\"urn:a:b\"}",
            "module.json:2:2: the key \"uri\" stands twice in one object; "
            "keep one of them" },
    { "", "module.json:1:1: nothing but space; a value is expected" },

    /* keys and types */
    { "[]", "module.json:1:1: this module is a list; it must be an object: "
            "{ ... }" },
    { "{}", "module.json:1:1: this module has no \"uri\"; add \"uri\": "
            "\"...\"\n"
            "module.json:1:1: this module has no \"version\"; add "
            "\"version\": \"...\"\n"
            "module.json:1:1: this module has no \"spaces\"; add \"spaces\": "
            "[ { ... } ]" },
    { HEAD "\"spcaes\":[],\"spaces\":[]}",
            "module.json:2:1: unknown key \"spcaes\" in this module; did you "
            "mean \"spaces\"?" },
    { HEAD "\"Title\":\"x\",\"spaces\":[]}",
            "module.json:2:1: unknown key \"Title\" in this module; did you "
            "mean \"title\"?" },
    { HEAD "\"colour\":1,\"spaces\":[]}",
            "module.json:2:1: unknown key \"colour\" in this module; it may "
            "have $schema, uri, version, title, description, library, "
            "unmap, requires, settings or spaces" },
    { "{\"uri\":1,\"version\":null,\"spaces\":{}}",
            "module.json:1:8: \"uri\" is a whole number; it must be a text: "
            "\"...\"\n"
            "module.json:1:20: \"version\" is null; it must be a text: "
            "\"...\"\n"
            "module.json:1:34: \"spaces\" is an object; it must be a list of "
            "objects: [ { ... } ]" },
    { HEAD "\"spaces\":[1,{}]}",
            "module.json:2:11: this space is a whole number; it must be an "
            "object: { ... }\n"
            "module.json:2:13: this space has no \"uri\"; add \"uri\": "
            "\"...\"\n"
            "module.json:2:13: this space has no \"endpoints\"; add "
            "\"endpoints\": [ { ... } ]" },
    { HEAD "\"title\":\"\",\"library\":[\"a.so\"],\"spaces\":[]}",
            "module.json:2:9: \"title\" is empty; leave it out or fill it\n"
            "module.json:2:22: \"library\" is a list; it must be a text: "
            "\"...\"" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"public\":\"yes\","
           "\"endpoints\":[]}]}",
            "module.json:2:37: \"public\" is a text; it must be true or "
            "false: true" },

    /* names and versions */
    { "{\"uri\":\"echo\",\"version\":\"1.0.0\",\"spaces\":[]}",
            "module.json:1:8: \"echo\" is no name for a module or a space; "
            "write \"urn:\", who you are, and what it is: "
            "\"urn:example:shop\"" },
    { "{\"uri\":\"urn:a: b\",\"version\":\"1.0\",\"spaces\":[]}",
            "module.json:1:8: \"urn:a: b\" is no name for a module or a "
            "space; write \"urn:\", who you are, and what it is: "
            "\"urn:example:shop\"\n"
            "module.json:1:29: \"1.0\" is not a version; write three numbers: "
            "\"1.0.0\"" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"endpoints\":[]},\n"
           "{\"uri\":\"urn:a:b\",\"endpoints\":[]}]}",
            "module.json:3:8: space \"urn:a:b\" is declared twice; give one "
            "of them another name" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"attach\":\"front\","
           "\"endpoints\":[]}]}",
            "module.json:2:37: a space that is not public cannot be attached; "
            "add \"public\": true" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"attach\":\"frnot\","
           "\"public\":true,\"endpoints\":[]}]}",
            "module.json:2:37: \"attach\" is \"frnot\"; did you mean "
            "\"front\"?" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"attach\":\"a b\","
           "\"public\":true,\"endpoints\":[]}]}",
            "module.json:2:37: \"a b\" is no type of import; use small "
            "letters, digits and '-'" },
    { HEAD "\"spaces\":[{\"uri\":\"urn:a:b\",\"attach\":\"plugin\","
           "\"public\":true,\"private-filter\":false,\"endpoints\":["
           "{\"import\":{\"attach\":\"other\"}}]}]}",
            "" },
    { HEAD SPACES "{\"import\":{\"atach\":\"x\"}}" TAIL,
            "module.json:4:11: this dynamic import has no \"attach\"; add "
            "\"attach\": \"...\"\n"
            "module.json:4:12: unknown key \"atach\" in this dynamic import; "
            "did you mean \"attach\"?" },
    { HEAD "\"requires\":{\"urn:x:y\":\"1.0 or so\",\n\"urn:x:z\":1},"
           "\"spaces\":[]}",
            "module.json:3:11: \"urn:x:z\" is a whole number; it must be a "
            "text: \"...\"" },
    { HEAD "\"requires\":{\"urn:x:y\":\"1.0 or so\"},\"spaces\":[]}",
            "module.json:2:23: \"1.0 or so\" says not which versions; write "
            "\"*\" or comparisons: \">=1.0 <2\"" },

    { "{\"uri\":\"echo\",\"version\":\"v1\",\"spces\":[]}",
            "module.json:1:1: this module has no \"spaces\"; add "
            "\"spaces\": [ { ... } ]\n"
            "module.json:1:8: \"echo\" is no name for a module or a space; "
            "write \"urn:\", who you are, and what it is: "
            "\"urn:example:shop\"\n"
            "module.json:1:25: \"v1\" is not a version; write three numbers: "
            "\"1.0.0\"\n"
            "module.json:1:30: unknown key \"spces\" in this module; did you "
            "mean \"spaces\"?" },

    /* entries */
    { HEAD SPACES "1" TAIL,
            "module.json:4:1: an entry is a whole number; it must be an "
            "object" },
    { HEAD SPACES "{}" TAIL,
            "module.json:4:1: an entry that says not what it is; give it "
            "transrept, import, fileset, literal, mapper, chain, messages, "
            "limiter, pluggable, errors, overlays, gatekeeper, throttle, "
            "latest, log, cors, session, timer or id" },
    { HEAD SPACES "{\"filset\":{}}" TAIL,
            "module.json:4:1: an entry with unknown key \"filset\"; did you "
            "mean \"fileset\"?" },
    { HEAD SPACES "{\"id\":\"a\"}" TAIL,
            "module.json:4:1: this endpoint has no \"grammar\"; add "
            "\"grammar\": \"...\"" },
    { HEAD SPACES "{\"id\":\"a\",\"grammer\":\"res:/a\"}" TAIL,
            "module.json:4:1: this endpoint has no \"grammar\"; add "
            "\"grammar\": \"...\"\n"
            "module.json:4:11: unknown key \"grammer\" in this endpoint; did "
            "you mean \"grammar\"?" },
    { HEAD SPACES "{\"id\":\"a\",\"grammar\":[]}" TAIL,
            "module.json:4:21: \"grammar\" is an empty list; leave it out or "
            "fill it" },
    { HEAD SPACES "{\"id\":\"a\",\"grammar\":[\"res:/a\",1]}" TAIL,
            "module.json:4:31: \"grammar\" has a whole number in its list; "
            "all must be texts" },
    { HEAD SPACES "{\"id\":\"a\",\"grammar\":\"res:/a\",\"verbs\":[\"GET\","
                  "\"SOURC\"]}" TAIL,
            "module.json:4:39: \"verbs\" cannot be \"GET\"; it must be "
            "SOURCE, SINK, NEW, DELETE, EXISTS or META\n"
            "module.json:4:45: \"verbs\" cannot be \"SOURC\"; did you mean "
            "\"SOURCE\"?" },
    { HEAD SPACES
            "{\"id\":\"a\",\"grammar\":\"res:/a\",\"run\":\"inlined\"}" TAIL,
            "module.json:4:36: \"run\" cannot be \"inlined\"; did you mean "
            "\"inline\"?" },
    { HEAD SPACES "{\"id\":\"a\",\"grammar\":\"res:/a\"}" TAIL,
            "module.json:4:7: endpoint \"a\" needs code, and this module has "
            "none; add \"library\": \"NAME.so\"" },
    { HEAD SPACES "{\"import\":\"urn:a:b\"}" TAIL,
            "module.json:4:11: space \"urn:a:b\" imports itself; take the "
            "import out" },
    { HEAD SPACES "{\"import\":\"urn:x:y\",\"id\":\"a\"}" TAIL,
            "module.json:4:21: unknown key \"id\" in this import; it may have "
            "import or private" },
    { HEAD SPACES "{\"transrept\":{\"from\":\"a\"},\"id\":\"a\"}" TAIL,
            "module.json:4:14: this conversion has no \"to\"; add \"to\": "
            "\"...\"" },
    { HEAD SPACES "{\"fileset\":\"www\"}" TAIL,
            "module.json:4:12: this fileset is a text; it must be an object: "
            "{ ... }" },
    { HEAD SPACES "{\"fileset\":{\"grammar\":\"res:/a/{path*}\",\"rot\":"
                  "\"www\"},\"privat\":true}" TAIL,
            "module.json:4:12: this fileset has no \"root\"; add \"root\": "
            "\"...\"\n"
            "module.json:4:40: unknown key \"rot\" in this fileset; did you "
            "mean \"root\"?\n"
            "module.json:4:53: unknown key \"privat\" in this fileset entry; "
            "did you mean \"private\"?" },
    { HEAD SPACES "{\"timer\":{\"every\":\"5 s\",\"request\":{\"identifier\":"
                  "\"res:/a\"}}}" TAIL,
            "module.json:4:19: \"every\": '5 s' is not a duration; write a "
            "whole number and one of ms, s, m, h, d: \"500ms\"" },

    /* grammars and identifiers: the place within the text */
    { HEAD SPACES "{\"id\":\"a\",\"grammar\":\"res:/a/{id\"}" TAIL,
            "module.json:4:7: endpoint \"a\" needs code, and this module has "
            "none; add \"library\": \"NAME.so\"\n"
            "module.json:4:29: grammar \"res:/a/{id\": " },
    { HEAD SPACES
            "{\"id\":\"a\",\"grammar\":[\"res:/ok\",\"res:/\\u00e4\\u00e4/{i"
            "d\"]}" TAIL,
            "module.json:4:7: endpoint \"a\" needs code, and this module has "
            "none; add \"library\": \"NAME.so\"\n"
            "module.json:4:51: grammar \"res:/ää/{id\": " },
    { HEAD SPACES "{\"timer\":{\"every\":\"5s\",\"request\":{\"identifier\":"
                  "\"res:/a+b\"}}}" TAIL,
            "module.json:4:55: identifier \"res:/a+b\": " },

    /* paths and files */
    { HEAD SPACES "{\"fileset\":{\"grammar\":\"res:/a/{path*}\",\"root\":"
                  "\"wwww\"}}" TAIL,
            "module.json:4:47: \"wwww\" is not in the folder FOLDER: No such "
            "file or directory" },
    { HEAD SPACES "{\"fileset\":{\"grammar\":\"res:/a/{path*}\",\"root\":"
                  "\"www/../..\"}}" TAIL,
            "module.json:4:47: \"www/../..\" leads out of the module's folder "
            "FOLDER; move it into the folder" },
    { HEAD SPACES "{\"fileset\":{\"grammar\":\"res:/a/{path*}\",\"root\":"
                  "\"/etc\"}}" TAIL,
            "module.json:4:47: \"/etc\" is an absolute path; write one within "
            "the module's folder" },
    { HEAD "\"library\":\"b.so\",\"spaces\":[]}",
            "module.json:2:11: \"b.so\" is not in the folder FOLDER: No such "
            "file or directory" },
    { HEAD "\"library\":\"www\",\"spaces\":[]}",
            "module.json:2:11: www: not a regular file" },
    { HEAD "\"library\":\"module.json\",\"spaces\":[]}",
            "module.json:2:11: module.json: not a shared object; make one "
            "with cc -shared -fPIC" },

    /* settings */
    { HEAD "\"settings\":{\"a\":{\"type\":\"int\",\"default\":1}},"
           "\"spaces\":[]}",
            "module.json:2:17: this setting has no \"help\"; add \"help\": "
            "\"...\"" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"integer\",\"default\":1,"
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:25: \"type\" cannot be \"integer\"; it must be "
            "text, int, bool, duration or size" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"int\",\"default\":\"1\","
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:41: \"default\" is a text; it must be a whole "
            "number: 10" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"int\",\"default\":1.5,"
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:41: \"default\" is a number with a fraction; it "
            "must be a whole number: 10" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"int\",\"default\":0,\"min\":1,"
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:41: \"default\" is 0; it must be at least 1" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"int\",\"default\":0,\"min\":1,"
           "\"max\":0,\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:57: \"max\" is less than \"min\"; exchange them" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"duration\",\"default\":\"2h\","
           "\"max\":\"1h\",\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:46: \"default\" is 7200000ms; it must be at most "
            "3600000ms" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"size\",\"default\":\"1KB\","
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:42: \"default\": '1KB' is not a size; write a "
            "whole number and one of B, KiB, MiB, GiB, TiB: \"64KiB\"" },
    { HEAD "\"settings\":{\"a\":{\"type\":\"text\",\"default\":\"x\","
           "\"min\":1,\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:46: \"min\" for a setting that is no int, duration "
            "or size; take it out" },
    { HEAD "\"settings\":{\"a b\":{\"type\":\"bool\",\"default\":true,"
           "\"help\":\"h\"}},\"spaces\":[]}",
            "module.json:2:13: a setting cannot be named \"a b\"; use "
            "letters, digits, '.', '-', '_'" },
};

static void
test_cases(Fixture *self, const void *data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *said = check(self, cases[i].text);
        const char *expected = cases[i].said;

        /* What a parser of the kernel says is its own business. */
        if (g_str_has_suffix(expected, ": ")) {
            if (!g_str_has_prefix(said, expected))
                g_error("%s\n%s", said, expected);
            g_assert_cmpuint(strlen(said), >, strlen(expected));
        } else {
            g_assert_cmpstr(said, ==, expected);
        }
    }
}

static void
test_missing(Fixture *self, const void *data)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_false(
            fulcra_host_loader_check(self->loader, self->folder, problems));
    text = fulcra_host_problems_to_text(problems);
    g_assert_true(g_str_has_suffix(text, ": No such file or directory"));
    g_assert_false(
            fulcra_host_loader_scan(self->loader, "/no/such/folder", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);
}

/* Each is refused quickly, in one line. */
static void
test_bombs(Fixture *self, const void *data)
{
    g_autofree char *deep = g_strnfill(200 * 1000, '[');
    g_autofree char *longest = g_strnfill(10 * 1000 * 1000, 'x');
    char *bombs[] = {
        g_strconcat(HEAD "\"title\":", deep, NULL),
        g_strconcat(HEAD "\"title\":\"", longest, "\",\"spaces\":[]}", NULL),
        g_strconcat(HEAD "\"", longest, "\":1,\"spaces\":[]}", NULL),
    };
    static const char *const said[] = {
        "module.json:2:72: nested more than 64 deep",
        "module.json:2:9: a text of more than 65536 bytes",
        "module.json:2:1: a text of more than 65536 bytes",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bombs); i++) {
        int64_t start = computed();
        g_autofree char *got = check(self, bombs[i]);

        g_assert_cmpint(computed() - start, <, patience() * 1000 * 1000);
        g_assert_cmpstr(got, ==, said[i]);
        g_free(bombs[i]);
    }
}

/* A definition may have many mistakes; the report stays readable. */
static void
test_many(Fixture *self, const void *data)
{
    GString *text = g_string_new(HEAD);
    g_autofree char *said = NULL;

    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "\"x%u\":1,\n", i);
    g_string_append(text, "\"spaces\":[]}");
    said = check(self, text->str);
    g_string_free(text, true);
    g_assert_true(g_str_has_suffix(said, "\nand 950 more"));
}

/* --- versions --- */

static void
test_versions(void)
{
    static const struct {
        const char *range, *version;
        int matches; /* -1: no range */
    } ranges[] = {
        { "*", "1.0.0", true },
        { ">=1.0", "1.0.0", true },
        { ">=1.0", "0.9.9", false },
        { ">=1.0 <2", "1.99.0", true },
        { ">=1.0 <2", "2.0.0", false },
        { "=1.2.3", "1.2.3", true },
        { "=1.2", "1.2.3", false },
        { ">1.2.3", "1.2.3", false },
        { "<=1.2.3", "1.2.3", true },
        { "", "1.0.0", -1 },
        { "1.0", "1.0.0", -1 },
        { ">= 1.0", "1.0.0", -1 },
        { ">=1.0  <2", "1.0.0", -1 },
        { ">=1.0 ", "1.0.0", -1 },
        { ">=1.0.0.0", "1.0.0", -1 },
        { ">=1.", "1.0.0", -1 },
        { ">=01", "1.0.0", -1 },
        { "~1.0", "1.0.0", -1 },
        { ">=99999999999999999999", "1.0.0", -1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        FulcraVersion version;
        bool matches = false;

        g_assert_true(fulcra__version_parse(ranges[i].version, &version));
        g_assert_cmpint(
                fulcra__range_parse(ranges[i].range, &version, &matches), ==,
                ranges[i].matches >= 0);
        g_assert_cmpint(matches, ==, ranges[i].matches == true);
    }
}

static void
test_nearest(void)
{
    static const char *const names[] = { "grammar", "verbs", "run", "id",
        NULL };

    g_assert_cmpstr(fulcra_host_nearest("grammer", names), ==, "grammar");
    g_assert_cmpstr(fulcra_host_nearest("VERBS", names), ==, "verbs");
    g_assert_cmpstr(fulcra_host_nearest("verb", names), ==, "verbs");
    g_assert_cmpstr(fulcra_host_nearest("rnu", names), ==, "run");
    g_assert_cmpstr(fulcra_host_nearest("di", names), ==, "id");
    g_assert_null(fulcra_host_nearest("x", names));
    g_assert_null(fulcra_host_nearest("colour", names));
    g_assert_null(fulcra_host_nearest("", names));
}

/* --- what is derived from the tables --- */

static char *
read_source(const char *name)
{
    const char *folder = g_getenv("FULCRA_SRCDIR");
    g_autofree char *path =
            g_build_filename(folder != NULL ? folder : ".", name, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        g_error("%s cannot be read; FULCRA_SRCDIR names the source tree", path);
    return text;
}

/* Where they differ: what ought to be there is written beside the test, and
 * copying it mends the file. */
static void
assert_same(const char *name, const char *is, const char *should)
{
    g_autofree char *base = g_path_get_basename(name);
    g_autofree char *made = g_strconcat("tests/unit/", base, ".made", NULL);

    if (strcmp(is, should) == 0)
        return;
    g_assert_true(g_file_set_contents(made, should, -1, NULL));
    g_error("%s is not what the tables say; what they say is in %s", name,
            made);
}

static void
test_json_schema(Fixture *self, const void *data)
{
    const FulcraSchema *const *variants;
    const FulcraSchema *schema =
            fulcra_host_loader_get_schema(self->loader, &variants);
    g_autofree char *should =
            fulcra_host_schema_to_json_schema(schema, variants, "module.json");
    g_autofree char *is = read_source("doc/module.schema.json");

    assert_same("doc/module.schema.json", is, should);
}

#define MARK_BEGIN "<!-- begin: keys -->\n\n"
#define MARK_END   "\n<!-- end: keys -->\n"

static void
test_guide(Fixture *self, const void *data)
{
    const FulcraSchema *const *variants;
    const FulcraSchema *schema =
            fulcra_host_loader_get_schema(self->loader, &variants);
    g_autofree char *tables = fulcra_host_schema_to_markdown(schema, variants);
    g_autofree char *is = read_source("doc/guide/module-definition.md");
    const char *begin = strstr(is, MARK_BEGIN);
    const char *end = strstr(is, MARK_END);
    g_autofree char *should = NULL;

    g_assert_true(begin != NULL && end != NULL);
    begin += strlen(MARK_BEGIN);
    should = g_strdup_printf("%.*s%s%s", (int)(begin - is), is, tables, end);
    assert_same("doc/guide/module-definition.md", is, should);
}

#define TEST(name, function)                                                   \
    g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/definition/cases", test_cases);
    TEST("/definition/missing", test_missing);
    TEST("/definition/bombs", test_bombs);
    TEST("/definition/many", test_many);
    g_test_add_func("/definition/versions", test_versions);
    g_test_add_func("/definition/nearest", test_nearest);
    TEST("/definition/json-schema", test_json_schema);
    TEST("/definition/guide", test_guide);
    return g_test_run();
}
