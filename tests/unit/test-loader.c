/* SPDX-License-Identifier: MIT */
/*
 * The loader: modules that load, what they answer, and each way in which one
 * is refused. Linked with libfulcra as the program is: a module must find the
 * same kernel as its host.
 */
#include <fulcra-host/identifier.h>
#include <fulcra-host/loader.h>
#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

#include <glib/gstdio.h>
#include <link.h>
#include <string.h>

static char *scratch; /* TMPDIR of this process: the loader's copies too */

typedef struct {
    FulcraKernel *kernel;
    FulcraLoader *loader;
    char *folder; /* for modules that a test writes */
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    self->kernel = fulcra_host_kernel_new(NULL);
    self->loader = fulcra_host_loader_new(self->kernel);
    self->folder = g_build_filename(scratch, "written", NULL);
    g_assert_cmpint(g_mkdir(self->folder, 0700), ==, 0);
}

static void
remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        remove_tree(inner);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

/* How many names @folder holds. */
static unsigned
count_names(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    unsigned count = 0;

    while (g_dir_read_name(dir) != NULL)
        count++;
    g_dir_close(dir);
    return count;
}

static void
tear_down(Fixture *self, const void *data)
{
    fulcra_host_loader_free(self->loader);
    fulcra_host_kernel_free(self->kernel);
    remove_tree(self->folder);
    g_free(self->folder);
    g_assert_cmpuint(count_names(scratch), ==, 0);
}

/* --- modules --- */

/* A module of tests/modules, as it was built. */
static char *
built(const char *name)
{
    const char *folder = g_getenv("FULCRA_BUILDDIR");

    return g_build_filename(folder != NULL ? folder : ".", "stage", "tests",
            "modules", name, NULL);
}

static void
add_built(Fixture *self, const char *name)
{
    g_autofree char *folder = built(name);
    g_autoptr(GError) error = NULL;

    fulcra_host_loader_add_folder(self->loader, folder, &error);
    g_assert_no_error(error);
}

static char *
read_probe(size_t *length)
{
    g_autofree char *folder = built("probe");
    g_autofree char *file = g_build_filename(folder, "probe.so", NULL);
    char *bytes = NULL;

    if (!g_file_get_contents(file, &bytes, length, NULL))
        g_error("%s is not there: make stage-test-modules", file);
    return bytes;
}

/* Writes a module: a folder NAME with the definition and probe.so, whose bytes
 * may be given. Returns the folder. */
static char *
write_module(Fixture *self, const char *name, const char *definition,
        const char *library, size_t length)
{
    char *folder = g_build_filename(self->folder, name, NULL);
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);
    g_autofree char *code = g_build_filename(folder, "probe.so", NULL);
    g_autofree char *bytes = NULL;

    g_mkdir(folder, 0700);
    g_assert_true(g_file_set_contents(file, definition, -1, NULL));
    if (library == NULL)
        library = bytes = read_probe(&length);
    g_assert_true(g_file_set_contents(code, library, (gssize)length, NULL));
    return folder;
}

/* All that is reported, without the names of folders. */
static char *
strip(Fixture *self, const char *text)
{
    g_autofree char *folder = built("");
    g_autofree char *tests = g_strconcat(folder, "/", NULL);
    g_autofree char *prefix = g_strconcat(self->folder, "/", NULL);
    g_auto(GStrv) parts = g_strsplit(text, prefix, -1);
    g_autofree char *joined = g_strjoinv("", parts);
    g_auto(GStrv) more = g_strsplit(joined, tests, -1);

    return g_strjoinv("", more);
}

static void
assert_load_fails(Fixture *self, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;

    g_assert_false(fulcra_host_loader_load_all(self->loader, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE);
    said = strip(self, error->message);
    g_assert_cmpstr(said, ==, expected);
}

static void
load(Fixture *self)
{
    g_autoptr(GError) error = NULL;

    fulcra_host_loader_load_all(self->loader, &error);
    g_assert_no_error(error);
}

/* --- requests --- */

static FulcraRepresentation *
ask(Fixture *self, const char *space, FulcraVerb verb, const char *text,
        const char *type, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, NULL);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            self->kernel, space, NULL, verb, identifier);
    g_autoptr(FulcraRepresentation) primary =
            fulcra_representation_new_text("new");

    if (type != NULL)
        fulcra_request_set_wanted_type(request, type);
    if (verb == FULCRA_VERB_SINK)
        fulcra_request_set_primary(request, primary);
    return fulcra_request_issue(request, error);
}

static void
assert_text(
        Fixture *self, const char *text, const char *type, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) answer = ask(
            self, FULCRA_SPACE_FRONT, FULCRA_VERB_SOURCE, text, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(fulcra_representation_has_type(answer, type));
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, expected);
}

static void
assert_fails(Fixture *self, FulcraVerb verb, const char *text, int code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) answer =
            ask(self, FULCRA_SPACE_FRONT, verb, text, NULL, &error);

    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, code);
}

/* --- what loads --- */

static void
test_answers(Fixture *self, const void *data)
{
    g_autoptr(FulcraRepresentation) answer = NULL;
    g_autoptr(FulcraRepresentation) loud = NULL;
    g_autoptr(GError) error = NULL;

    add_built(self, "probe");
    load(self);
    assert_text(self, "res:/probe/value", FULCRA_TYPE_TEXT,
            "urn:fulcra:test:probe");
    answer = ask(self, FULCRA_SPACE_FRONT, FULCRA_VERB_SINK, "res:/probe/value",
            NULL, &error);
    g_assert_no_error(error);
    assert_text(self, "res:/probe/state", FULCRA_TYPE_TEXT, "new");
    assert_text(self, "res:/probe/inner", FULCRA_TYPE_TEXT, "new");
    loud = ask(self, "urn:fulcra:test:probe", FULCRA_VERB_SOURCE,
            "res:/probe/value", "text/x-loud", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(loud), ==, "NEW");

    /* What the definition leaves out, and what it hides. */
    assert_fails(self, FULCRA_VERB_DELETE, "res:/probe/value",
            FULCRA_ERROR_UNRESOLVED);
    assert_fails(self, FULCRA_VERB_SOURCE, "res:/probe/hidden",
            FULCRA_ERROR_UNRESOLVED);
    assert_fails(self, FULCRA_VERB_SOURCE, "setting:/limit",
            FULCRA_ERROR_UNRESOLVED);
}

static void
test_list(Fixture *self, const void *data)
{
    const FulcraModuleInfo *infos;
    size_t n_modules;

    add_built(self, "probe");
    infos = fulcra_host_loader_list(self->loader, &n_modules);
    g_assert_cmpuint(n_modules, ==, 0);
    load(self);
    infos = fulcra_host_loader_list(self->loader, &n_modules);
    g_assert_cmpuint(n_modules, ==, 1);
    g_assert_cmpstr(infos[0].uri, ==, "urn:fulcra:test:probe");
    g_assert_cmpstr(infos[0].version, ==, "1.2.3");
    g_assert_cmpstr(infos[0].title, ==, "Probe");
    g_assert_cmpstr(infos[0].library, ==, "probe.so");
    g_assert_cmpuint(g_strv_length((char **)infos[0].spaces), ==, 2);
    g_assert_cmpuint(g_strv_length((char **)infos[0].endpoints), ==, 3);
    g_assert_cmpstr(infos[0].endpoints[1], ==, "value");
}

/* The file that was built may be overwritten: what runs is a copy. */
static void
test_copy(Fixture *self, const void *data)
{
    g_autofree char *folder = write_module(self, "probe",
            "{\"uri\":\"urn:w:probe\",\"version\":\"1.0.0\",\"library\":"
            "\"probe.so\",\"spaces\":[{\"uri\":\"urn:w:probe\",\"public\":"
            "true,\"attach\":\"front\",\"endpoints\":[{\"id\":\"value\","
            "\"grammar\":\"res:/probe/value\"}]}]}",
            NULL, 0);
    g_autofree char *code = g_build_filename(folder, "probe.so", NULL);
    FILE *file;

    g_assert_true(fulcra_host_loader_add_folder(self->loader, folder, NULL));
    load(self);
    file = fopen(code, "w"); /* in place, and empty: a mapped one would be
                                gone from under the code */
    fclose(file);
    assert_text(self, "res:/probe/value", FULCRA_TYPE_TEXT, "urn:w:probe");
}

/* The same file loaded twice is two modules that share nothing. */
static void
test_twice(Fixture *self, const void *data)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    Fixture other = { kernel, fulcra_host_loader_new(kernel), NULL };
    g_autoptr(FulcraRepresentation) answer = NULL;

    add_built(self, "probe");
    load(self);
    add_built(&other, "probe");
    load(&other);
    answer = ask(self, FULCRA_SPACE_FRONT, FULCRA_VERB_SINK, "res:/probe/value",
            NULL, NULL);
    assert_text(self, "res:/probe/value", FULCRA_TYPE_TEXT, "new");
    assert_text(&other, "res:/probe/value", FULCRA_TYPE_TEXT,
            "urn:fulcra:test:probe");
    fulcra_host_loader_free(other.loader);
    fulcra_host_kernel_free(kernel);
}

/* A later load adds to what is there, and leaves that as it is. */
static void
test_later(Fixture *self, const void *data)
{
    g_autoptr(FulcraRepresentation) answer = NULL;
    size_t n_modules;

    add_built(self, "probe");
    load(self);
    answer = ask(self, FULCRA_SPACE_FRONT, FULCRA_VERB_SINK, "res:/probe/value",
            NULL, NULL);
    fulcra_host_loader_trust(self->loader, "urn:fulcra:test:hosted");
    add_built(self, "hosted");
    add_built(self, "probe");
    load(self);
    fulcra_host_loader_list(self->loader, &n_modules);
    g_assert_cmpuint(n_modules, ==, 2);
    assert_text(self, "res:/probe/value", FULCRA_TYPE_TEXT, "new");

    fulcra_host_loader_free(self->loader);
    assert_fails(self, FULCRA_VERB_SOURCE, "res:/probe/value",
            FULCRA_ERROR_UNRESOLVED);
    self->loader = fulcra_host_loader_new(self->kernel);
}

/* --- settings --- */

static void
test_settings(Fixture *self, const void *data)
{
    add_built(self, "probe");
    load(self);
    assert_text(self, "res:/probe/setting/limit", FULCRA_TYPE_INT, "50");
    assert_text(self, "res:/probe/setting/greeting", FULCRA_TYPE_TEXT, "");
    assert_text(self, "res:/probe/setting/fast", FULCRA_TYPE_BOOL, "true");
    assert_text(self, "res:/probe/setting/pause", FULCRA_TYPE_INT, "60000");
    assert_text(self, "res:/probe/setting/room", FULCRA_TYPE_INT, "2097152");
    assert_fails(self, FULCRA_VERB_SOURCE, "res:/probe/setting/limti",
            FULCRA_ERROR_NOT_FOUND);
}

static void
override(Fixture *self, const char *text)
{
    g_autoptr(FulcraDocument) document =
            fulcra_host_document_new("fulcra.json", text, strlen(text), NULL);

    fulcra_host_loader_set_settings(
            self->loader, document, fulcra_host_document_get_root(document));
}

static void
test_overrides(Fixture *self, const void *data)
{
    add_built(self, "probe");
    override(self, "{ \"urn:fulcra:test:probe\": { \"limit\": 10, "
                   "\"greeting\": \"hello\", \"pause\": \"2s\" } }");
    load(self);
    assert_text(self, "res:/probe/setting/limit", FULCRA_TYPE_INT, "10");
    assert_text(self, "res:/probe/setting/greeting", FULCRA_TYPE_TEXT, "hello");
    assert_text(self, "res:/probe/setting/pause", FULCRA_TYPE_INT, "2000");
    assert_text(self, "res:/probe/setting/fast", FULCRA_TYPE_BOOL, "true");
}

static void
test_wrong_overrides(Fixture *self, const void *data)
{
    add_built(self, "probe");
    override(self, "{ \"urn:fulcra:test:probe\": {\n"
                   "\"limit\": 0,\n"
                   "\"limt\": 1,\n"
                   "\"colour\": 1,\n"
                   "\"fast\": 1,\n"
                   "\"pause\": \"10ms\",\n"
                   "\"room\": \"2TiB\" },\n"
                   "\"urn:fulcra:test:prob\": {},\n"
                   "\"urn:other\": {} }");
    assert_load_fails(self,
            "fulcra.json:2:10: \"limit\" is 0; it must be at least 1\n"
            "fulcra.json:3:1: module 'urn:fulcra:test:probe' has no setting "
            "\"limt\"; did you mean \"limit\"?\n"
            "fulcra.json:4:1: module 'urn:fulcra:test:probe' has no setting "
            "\"colour\"; it has limit, greeting, fast, pause, room\n"
            "fulcra.json:5:9: \"fast\" is a whole number; it must be true or "
            "false: true\n"
            "fulcra.json:6:10: \"pause\" is 10ms; it must be at least 1000ms\n"
            "fulcra.json:7:9: \"room\" is 2199023255552B; it must be at most "
            "1073741824B\n"
            "fulcra.json:8:1: settings of module \"urn:fulcra:test:prob\", "
            "which is not there; did you mean \"urn:fulcra:test:probe\"?\n"
            "fulcra.json:9:1: settings of module \"urn:other\", which is not "
            "there; take them out");
}

/* --- what a definition says of the code --- */

#define WRITTEN(entries)                                                       \
    "{\"uri\":\"urn:w:probe\",\"version\":\"1.0.0\",\"library\":"              \
    "\"probe.so\",\n\"spaces\":[{\"uri\":\"urn:w:probe\",\"endpoints\":"       \
    "[\n" entries "\n]}]}"

static void
test_entries(Fixture *self, const void *data)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        { WRITTEN("{\"id\":\"vlaue\",\"grammar\":\"res:/a\"},\n"
                  "{\"id\":\"colour\",\"grammar\":\"res:/b\"}"),
                "probe/module.json:3:7: probe.so adds no endpoint \"vlaue\"; "
                "did you mean \"value\"?\n"
                "probe/module.json:4:7: probe.so adds no endpoint \"colour\"; "
                "it adds setting, value, loud" },
        { WRITTEN("{\"id\":\"value\",\"grammar\":\"res:/a\",\"verbs\":"
                  "[\"SOURCE\",\"NEW\"]}"),
                "probe/module.json:3:52: endpoint \"value\" does not answer "
                "NEW; its code answers SOURCE, SINK, DELETE, EXISTS" },
        { WRITTEN("{\"id\":\"value\",\"grammar\":\"res:/a\",\"run\":"
                  "\"inline\"}"),
                "probe/module.json:3:40: endpoint 'value' is built to run "
                "serial: a definition may restrict that, not widen it to "
                "inline" },
        { WRITTEN("{\"id\":\"setting\",\"grammar\":\"res:/a\",\"run\":"
                  "\"serial\"},\n{\"id\":\"setting\",\"grammar\":\"res:/b\","
                  "\"run\":\"inline\"}"),
                "probe/module.json:4:42: endpoint \"setting\" is given "
                "another \"run\" by an entry before; say it once" },
        { WRITTEN("{\"id\":\"loud\",\"grammar\":\"res:/a\"}"),
                "probe/module.json:3:7: endpoint \"loud\" only converts; give "
                "this entry a \"transrept\" in place of its \"grammar\"" },
        { WRITTEN("{\"id\":\"value\",\"transrept\":{\"from\":\"a\",\"to\":"
                  "\"b\"}}"),
                "probe/module.json:3:7: endpoint \"value\" does not convert: "
                "its code has no `transrept`" },
        { "{\"uri\":\"urn:w:other\",\"version\":\"1.0.0\",\"library\":"
          "\"probe.so\",\n\"spaces\":[]}",
                "probe/module.json:1:50: probe.so: calls itself 'probe'; the "
                "module's \"uri\" must end with that, or its "
                "FULCRA_MODULE_DEFINE say 'other'" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *folder =
                write_module(self, "probe", cases[i].text, NULL, 0);
        g_autoptr(GError) error = NULL;

        fulcra_host_loader_add_folder(self->loader, folder, &error);
        g_assert_no_error(error);
        assert_load_fails(self, cases[i].said);
    }
}

/* --- code that is refused --- */

/* What `check` says of a module whose library has these bytes; the folder's
 * name is "FOLDER". */
static char *
check_bytes(Fixture *self, const char *bytes, size_t length)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autofree char *folder =
            write_module(self, "probe", WRITTEN(""), bytes, length);
    g_autofree char *said = NULL;

    fulcra_host_loader_check(self->loader, folder, problems);
    said = fulcra_host_problems_to_text(problems);

    g_auto(GStrv) parts = g_strsplit(said, folder, -1);
    return g_strjoinv("FOLDER", parts);
}

/* Where the descriptor stands in the file. */
static FulcraModuleDescriptor *
find_descriptor(char *bytes, size_t length)
{
    const uint32_t head[] = { FULCRA_MODULE_MAGIC, FULCRA_ABI,
        sizeof(FulcraModuleDescriptor) };
    void *found = memmem(bytes, length, head, sizeof head);

    g_assert_nonnull(found);
    return found;
}

#define SAID "FOLDER/module.json:1:50: probe.so: "

static void
test_descriptor(Fixture *self, const void *data)
{
    static const struct {
        uint32_t magic, abi, size, ops_size; /* 0: as it was */
        const char *said;
    } cases[] = {
        { 1, 0, 0, 0,
                SAID "its symbol 'fulcra_module' is no descriptor (it begins "
                     "with 0x00000001, not 0x46756c63); define it with "
                     "FULCRA_MODULE_DEFINE" },
        { 0, 2, 0, 0,
                SAID "built for module ABI 2, this program has ABI 1; build "
                     "it again: make -B -C FOLDER" },
        { 0, 0, 24, 0,
                SAID "built against other headers (descriptor of 24 bytes, "
                     "endpoint tables of 96) than this program (32 and 96); "
                     "build it again: make -B -C FOLDER" },
        { 0, 0, 0, 104,
                SAID "built against other headers (descriptor of 32 bytes, "
                     "endpoint tables of 104) than this program (32 and 96); "
                     "build it again: make -B -C FOLDER" },
        { 0, 0, 0, 8,
                SAID "built against other headers (descriptor of 32 bytes, "
                     "endpoint tables of 8) than this program (32 and 96); "
                     "build it again: make -B -C FOLDER" },
    };

    if (sizeof(FulcraEndpointOps) != 96 || sizeof(FulcraModuleDescriptor) != 32)
        g_error("the sizes in this test are those of before");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        size_t length;
        g_autofree char *bytes = read_probe(&length);
        FulcraModuleDescriptor *descriptor = find_descriptor(bytes, length);
        g_autofree char *said = NULL;

        if (cases[i].magic != 0)
            descriptor->magic = cases[i].magic;
        if (cases[i].abi != 0)
            descriptor->abi = cases[i].abi;
        if (cases[i].size != 0)
            descriptor->size = cases[i].size;
        if (cases[i].ops_size != 0)
            descriptor->ops_size = cases[i].ops_size;
        said = check_bytes(self, bytes, length);
        g_assert_cmpstr(said, ==, cases[i].said);
    }
}

/* Tables that were built when they were shorter are still good. */
static void
test_older_table(Fixture *self, const void *data)
{
    size_t length;
    g_autofree char *bytes = read_probe(&length);
    g_autofree char *said = NULL;

    find_descriptor(bytes, length)->ops_size -= sizeof(void *);
    said = check_bytes(self, bytes, length);
    g_assert_cmpstr(said, ==, "");
}

/* Replaces a name in the file by one of the same length. */
static void
rename_symbol(char *bytes, size_t length, const char *from, const char *to)
{
    char *found = memmem(bytes, length, from, strlen(from) + 1);

    g_assert_nonnull(found);
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    while (found != NULL) {
        memcpy(found, to, strlen(to));
        found = memmem(bytes, length, from, strlen(from) + 1);
    }
}

static void
test_symbols(Fixture *self, const void *data)
{
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        { "fulcra_module", "fulcra_mudule",
                SAID "exports no symbol 'fulcra_module'; end one of its C "
                     "files with FULCRA_MODULE_DEFINE" },
        { "fulcra_module_add_endpoint", "fulcra_host_made_up_name__",
                SAID "uses 'fulcra_host_made_up_name__', which is the host's "
                     "own; a module may use what <fulcra/fulcra.h> declares" },
        { "fulcra_module_add_endpoint", "fulcra_module_add_endpoinx",
                SAID "cannot be mapped: FOLDER/probe.so: undefined symbol: "
                     "fulcra_module_add_endpoinx" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        size_t length;
        g_autofree char *bytes = read_probe(&length);
        g_autofree char *said = NULL;

        rename_symbol(bytes, length, cases[i].from, cases[i].to);
        said = check_bytes(self, bytes, length);
        g_assert_cmpstr(said, ==, cases[i].said);
    }
}

static void
test_files(Fixture *self, const void *data)
{
    size_t length;
    g_autofree char *bytes = read_probe(&length);
    ElfW(Ehdr) *head = (ElfW(Ehdr) *)bytes;
    g_autofree char *empty = check_bytes(self, "", 0);
    g_autofree char *text = check_bytes(self, "#!/bin/sh\n", 10);
    g_autofree char *executable = NULL;
    g_autofree char *machine = NULL;
    g_autofree char *class = NULL;

    g_assert_cmpstr(empty, ==,
            SAID "not a shared object; make one with cc -shared -fPIC");
    g_assert_cmpstr(text, ==, empty);
    head->e_type = ET_REL;
    executable = check_bytes(self, bytes, length);
    g_assert_cmpstr(executable, ==,
            SAID "an ELF file, but not a shared object; make one with cc "
                 "-shared -fPIC");
    head->e_type = ET_DYN;
    head->e_machine = EM_68K;
    machine = check_bytes(self, bytes, length);
    g_assert_true(g_str_has_prefix(
            machine, SAID "a shared object for another machine (ELF number 4"));
    head->e_ident[EI_CLASS] = 3;
    class = check_bytes(self, bytes, length);
    g_assert_cmpstr(class, ==,
            SAID "a shared object for another machine (word size or byte "
                 "order); build it on this one");
}

/* A file that was not copied to its end is refused, wherever it ends. */
static void
test_truncated(Fixture *self, const void *data)
{
    size_t length;
    g_autofree char *bytes = read_probe(&length);

    for (size_t cut = 0; cut < length; cut += length / 97 + 1) {
        g_autofree char *said = check_bytes(self, bytes, cut);

        g_assert_true(g_str_has_prefix(said, SAID));
    }
}

/* Nonsense in the tables of the file is refused or ignored, never followed. */
static void
test_mangled(Fixture *self, const void *data)
{
    static const uint64_t nonsense[] = { 0, 1, 0xffff, 0x7fffffff, UINT64_MAX,
        UINT64_MAX - 63 };
    size_t length;
    g_autofree char *bytes = read_probe(&length);

    for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++)
        for (unsigned field = 0; field < 3; field++) {
            g_autofree char *copy = g_memdup2(bytes, length);
            g_autofree char *said = NULL;
            ElfW(Ehdr) *head = (ElfW(Ehdr) *)copy;

            if (field == 0)
                head->e_shoff = nonsense[i];
            else if (field == 1)
                head->e_shentsize = (uint16_t)(nonsense[i] | 1);
            else
                head->e_phoff = nonsense[i];
            said = check_bytes(self, copy, length);
            g_assert_true(g_str_has_prefix(said, SAID));
        }
}

static void
test_hosted(Fixture *self, const void *data)
{
    g_autoptr(FulcraRepresentation) answer = NULL;
    g_autoptr(GError) error = NULL;

    add_built(self, "hosted");
    assert_load_fails(self,
            "hosted/module.json:4:14: hosted.so: uses "
            "'fulcra_host_stats_get', which is the host's own; a module may "
            "use what <fulcra/fulcra.h> declares");
    fulcra_host_loader_trust(self->loader, "urn:fulcra:test:hosted");
    add_built(self, "hosted");
    load(self);
    answer = ask(self, "urn:fulcra:test:hosted", FULCRA_VERB_SOURCE,
            "res:/hosted", NULL, &error);
    g_assert_no_error(error);
}

/* The other module of the same load is not published either; later it is. */
static void
test_failing(Fixture *self, const void *data)
{
    add_built(self, "probe");
    add_built(self, "failing");
    assert_load_fails(self,
            "failing/module.json:4:14: failing.so: its load function failed: "
            "endpoint 'a': it was added before");
    assert_fails(self, FULCRA_VERB_SOURCE, "res:/probe/value",
            FULCRA_ERROR_UNRESOLVED);
    add_built(self, "probe");
    load(self);
    assert_text(self, "res:/probe/value", FULCRA_TYPE_TEXT,
            "urn:fulcra:test:probe");
}

/* --- many modules --- */

/* A module without code, its other keys given. */
static void
write_plain(Fixture *self, const char *name, const char *version,
        const char *keys, const char *entries)
{
    g_autofree char *definition = g_strdup_printf(
            "{\"uri\":\"urn:w:%s\",\"version\":\"%s\",\n%s\"spaces\":[{\"uri\":"
            "\"urn:w:%s\",\"public\":%s,\n\"endpoints\":[%s]}]}",
            name, version, keys, name,
            strcmp(name, "hidden") == 0 ? "false" : "true", entries);
    g_free(write_module(self, name, definition, "", 0));
}

static void
scan(Fixture *self)
{
    g_autoptr(GError) error = NULL;

    fulcra_host_loader_scan(self->loader, self->folder, &error);
    g_assert_no_error(error);
}

static void
test_order(Fixture *self, const void *data)
{
    const FulcraModuleInfo *infos;
    size_t n_modules;

    write_plain(self, "a", "1.0.0", "\"requires\":{\"urn:w:c\":\">=2\"},", "");
    write_plain(self, "b", "1.0.0", "", "");
    write_plain(self, "c", "2.1.0", "\"requires\":{\"urn:w:d\":\"*\"},", "");
    write_plain(self, "d", "1.0.0", "", "");
    scan(self);
    load(self);
    infos = fulcra_host_loader_list(self->loader, &n_modules);
    g_assert_cmpuint(n_modules, ==, 4);
    g_assert_cmpstr(infos[0].uri, ==, "urn:w:d");
    g_assert_cmpstr(infos[1].uri, ==, "urn:w:c");
    g_assert_cmpstr(infos[2].uri, ==, "urn:w:a");
    g_assert_cmpstr(infos[3].uri, ==, "urn:w:b");
}

static void
test_requires(Fixture *self, const void *data)
{
    write_plain(self, "a", "1.0.0",
            "\"requires\":{\"urn:w:b\":\">=2\",\n\"urn:w:bb\":\"*\",\n"
            "\"urn:nowhere:else\":\"*\"},",
            "");
    write_plain(self, "b", "1.9.0", "", "");
    write_plain(self, "c", "1.0.0", "\"requires\":{\"urn:w:d\":\"*\"},", "");
    write_plain(self, "d", "1.0.0", "\"requires\":{\"urn:w:c\":\"*\"},", "");
    scan(self);
    assert_load_fails(self,
            "a/module.json:2:23: module \"urn:w:b\" has version 1.9.0, which "
            "is not >=2\n"
            "a/module.json:3:1: module \"urn:w:bb\" is required and not "
            "there; did you mean \"urn:w:b\"?\n"
            "a/module.json:4:1: module \"urn:nowhere:else\" is required and "
            "not there; add its folder: --modules DIR\n"
            "d/module.json:2:13: modules require one another in a circle: "
            "\"urn:w:c\" and \"urn:w:d\"; one must do without");
}

static void
test_imports(Fixture *self, const void *data)
{
    write_plain(self, "a", "1.0.0", "",
            "{\"import\":\"urn:w:hidden\"},\n{\"import\":\"urn:w:bb\"},\n"
            "{\"import\":\"urn:nowhere:else\"},{\"import\":\"urn:w:b\"}");
    write_plain(self, "b", "1.0.0", "", "");
    write_plain(self, "hidden", "1.0.0", "", "");
    scan(self);
    assert_load_fails(self,
            "a/module.json:3:24: space \"urn:w:hidden\" is not public: only "
            "urn:w:hidden may import it\n"
            "a/module.json:4:11: there is no space \"urn:w:bb\"; did you mean "
            "\"urn:w:b\"?\n"
            "a/module.json:5:11: there is no space \"urn:nowhere:else\"; add "
            "the folder of its module: --modules DIR");
}

static void
test_same_names(Fixture *self, const void *data)
{
    g_autoptr(FulcraSpace) own = fulcra_host_space_new("urn:w:own");
    g_autofree char *twin = NULL;
    g_autofree char *third = NULL;
    g_autofree char *said = NULL;
    g_autoptr(GError) error = NULL;

    fulcra_host_loader_add_space(self->loader, fulcra_host_space_seal(own));
    write_plain(self, "a", "1.0.0", "", "");
    write_plain(self, "own", "1.0.0", "", "{\"import\":\"urn:w:a\"}");
    third = write_module(self, "third",
            "{\"uri\":\"urn:w:third\",\"version\":\"1.0.0\",\"spaces\":["
            "{\"uri\":\"urn:w:a\",\"endpoints\":[]},"
            "{\"uri\":\"urn:fulcra:front\",\"endpoints\":[]}]}",
            "", 0);
    scan(self);
    twin = write_module(self, "twin",
            "{\"uri\":\"urn:w:a\",\"version\":\"1.0.0\",\"spaces\":[]}", "", 0);
    g_assert_false(fulcra_host_loader_add_folder(self->loader, twin, &error));
    said = strip(self, error->message);
    g_assert_true(g_str_has_prefix(said, "twin/module.json:1:8: module "
                                         "\"urn:w:a\" is in the folder "));
    assert_load_fails(self,
            "own/module.json:2:18: space \"urn:w:own\" is declared by the "
            "server as well; give it another name\n"
            "third/module.json:1:57: space \"urn:w:a\" is declared by urn:w:a "
            "as well; give it another name\n"
            "third/module.json:1:90: space \"urn:fulcra:front\" is declared by "
            "the server as well; give it another name");
}

/* --- kinds --- */

static GString *history; /* what happened to instances, in order */

static const FulcraSchemaKey note_keys[] = {
    { "text", FULCRA_SCHEMA_TEXT, .required = true },
    { NULL },
};

static const FulcraSchema note_schema = { "note", note_keys, NULL, NULL };

static FulcraRepresentation *
note_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_text(fulcra_request_get_data(request));
}

static const FulcraEndpointOps note_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = note_source,
    .destroy = g_free,
};

static void *
note_build(FulcraEntry *entry)
{
    JsonNode *text = json_object_get_member(entry->definition, "text");
    char *copy = g_strdup(json_node_get_string(text));
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("note", &note_ops, g_strdup(copy), NULL);

    g_assert_cmpstr(entry->user_data, ==, "data");
    if (strcmp(copy, "bad") == 0)
        fulcra_host_entry_problem(entry, text, "\"%s\" is bad", copy);
    fulcra_host_space_bind(entry->space, "res:/note", FULCRA_VERBS_ALL,
            entry->visibility, endpoint, NULL);
    g_string_append_printf(history, "build %s\n", copy);
    return copy;
}

static void
note_start(void *instance)
{
    g_string_append_printf(history, "start %s\n", (char *)instance);
}

static void
note_stop(void *instance)
{
    g_string_append_printf(history, "stop %s\n", (char *)instance);
}

static void
note_free(void *instance)
{
    g_string_append_printf(history, "free %s\n", (char *)instance);
    g_free(instance);
}

static const FulcraKind note_kind = {
    .size = sizeof(FulcraKind),
    .name = "note",
    .schema = &note_schema,
    .build = note_build,
    .start = note_start,
    .stop = note_stop,
    .free = note_free,
};

static void
test_kinds(Fixture *self, const void *data)
{
    g_autoptr(FulcraRepresentation) answer = NULL;
    g_autoptr(GError) error = NULL;

    history = g_string_new(NULL);
    fulcra_host_loader_add_kind(self->loader, &note_kind, (void *)"data");
    write_plain(self, "a", "1.0.0", "",
            "{\"note\":{\"text\":\"one\"}},{\"note\":{\"text\":\"two\"}}");
    scan(self);
    load(self);
    answer =
            ask(self, "urn:w:a", FULCRA_VERB_SOURCE, "res:/note", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "one");
    fulcra_host_loader_stop(self->loader);
    fulcra_host_loader_stop(self->loader);
    fulcra_host_loader_free(self->loader);
    g_assert_cmpstr(history->str, ==,
            "build one\nbuild two\nstart one\nstart two\nstop two\nstop one\n"
            "free one\nfree two\n");
    g_string_free(history, true);
    self->loader = fulcra_host_loader_new(self->kernel);
}

/* What was built beside a mistake is freed and never started. */
static void
test_kinds_fail(Fixture *self, const void *data)
{
    history = g_string_new(NULL);
    fulcra_host_loader_add_kind(self->loader, &note_kind, (void *)"data");
    write_plain(self, "a", "1.0.0", "",
            "{\"note\":{\"text\":\"one\"}},{\"note\":{\"text\":\"bad\"}}");
    scan(self);
    assert_load_fails(self, "a/module.json:3:54: \"bad\" is bad");
    g_assert_cmpstr(
            history->str, ==, "build one\nbuild bad\nfree one\nfree bad\n");
    g_string_free(history, true);
}

/* --- entries in entries --- */

static const FulcraSchemaKey wrap_keys[] = {
    { "mark", FULCRA_SCHEMA_TEXT },
    { "space", FULCRA_SCHEMA_ENTRIES },
    { NULL },
};

static const FulcraSchema wrap_schema = { "wrap", wrap_keys, NULL, NULL };

/* Lets pass what goes in, and says that it did. */
static FulcraRepresentation *
wrap_overlay(FulcraRequest *request, GError **error)
{
    g_string_append_printf(
            history, "through %s\n", (char *)fulcra_request_get_data(request));
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

static const FulcraEndpointOps wrap_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = wrap_overlay,
    .destroy = g_free,
};

static void *
wrap_build(FulcraEntry *entry)
{
    const char *mark =
            fulcra_host_json_get_text(entry->definition, "mark", "wrap");
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("wrap", &wrap_ops, g_strdup(mark), NULL);

    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return NULL;
}

static const FulcraKind wrap_kind = {
    .size = sizeof(FulcraKind),
    .name = "wrap",
    .schema = &wrap_schema,
    .build = wrap_build,
};

/* Overlays in overlays, an endpoint of the library in the innermost: settings
 * are there, instances of kinds inside live with the module. */
static void
test_nesting(Fixture *self, const void *data)
{
    g_autofree char *folder = write_module(self, "probe",
            "{\"uri\":\"urn:w:probe\",\"version\":\"1.0.0\",\n"
            "\"library\":\"probe.so\",\"settings\":{\"a\":{\"type\":"
            "\"text\",\"default\":\"set\",\"help\":\"h\"}},\n"
            "\"spaces\":[{\"uri\":\"urn:w:probe\",\"endpoints\":[\n"
            "{\"wrap\":{\"mark\":\"out\",\"space\":[\n"
            " {\"note\":{\"text\":\"one\"}},\n"
            " {\"wrap\":{\"mark\":\"in\",\"space\":[\n"
            "  {\"id\":\"setting\",\"grammar\":\"res:/probe/{name}\"}]}}]}},\n"
            "{\"wrap\":{\"mark\":\"next\",\"space\":[]}}]}]}",
            NULL, 0);
    g_autoptr(FulcraRepresentation) answer = NULL;
    g_autoptr(GError) error = NULL;
    const char *trace;

    history = g_string_new(NULL);
    fulcra_host_loader_add_kind(self->loader, &note_kind, (void *)"data");
    fulcra_host_loader_add_kind(self->loader, &wrap_kind, NULL);
    fulcra_host_loader_add_folder(self->loader, folder, &error);
    g_assert_no_error(error);
    load(self);
    answer = ask(
            self, "urn:w:probe", FULCRA_VERB_SOURCE, "res:/note", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "one");
    g_assert_cmpstr(history->str, ==, "build one\nstart one\nthrough out\n");
    g_clear_pointer(&answer, fulcra_representation_unref);
    answer = ask(self, "urn:w:probe", FULCRA_VERB_SOURCE, "res:/probe/a", NULL,
            &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "set");
    g_assert_nonnull(strstr(history->str, "through out\nthrough in\n"));
    g_assert_null(ask(self, "urn:w:probe", FULCRA_VERB_SOURCE, "res:/nothing",
            NULL, &error));
    trace = fulcra_error_get_trace(error);
    g_assert_nonnull(strstr(trace, "setting (res:/probe/{name})"));
    g_assert_nonnull(strstr(trace, "note (res:/note)"));
    fulcra_host_loader_stop(self->loader);
    fulcra_host_loader_free(self->loader);
    g_assert_true(g_str_has_suffix(history->str, "stop one\nfree one\n"));
    g_string_free(history, true);
    self->loader = fulcra_host_loader_new(self->kernel);
}

/* Mistakes are found however deep they are. */
static void
test_nesting_fails(Fixture *self, const void *data)
{
    history = g_string_new(NULL);
    fulcra_host_loader_add_kind(self->loader, &note_kind, (void *)"data");
    fulcra_host_loader_add_kind(self->loader, &wrap_kind, NULL);
    write_plain(self, "a", "1.0.0", "",
            "\n{\"wrap\":{\"space\":[{\"wrap\":{\"space\":[\n"
            "{\"import\":\"urn:w:a\"},\n"
            "{\"id\":\"none\",\"grammar\":\"res:/none\"},\n"
            "{\"import\":\"urn:nowhere:else\"},\n"
            "{\"note\":{\"text\":\"bad\"}}]}}]}},\n"
            "{\"wrap\":{}}");
    scan(self);
    assert_load_fails(self,
            "a/module.json:5:11: space \"urn:w:a\" imports itself; take the "
            "import out\n"
            "a/module.json:6:7: endpoint \"none\" needs code, and this module "
            "has none; add \"library\": \"NAME.so\"\n"
            "a/module.json:7:11: there is no space \"urn:nowhere:else\"; add "
            "the "
            "folder of its module: --modules DIR\n"
            "a/module.json:8:17: \"bad\" is bad\n"
            "a/module.json:9:9: this wrap has no \"space\"; add \"space\": "
            "[ ... ], the entries that it stands in front of");
    g_string_free(history, true);
}

#define TEST(name, function)                                                   \
    g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    scratch = g_dir_make_tmp("fulcra-test-loader-XXXXXX", NULL);
    g_setenv("TMPDIR", scratch, true);
    TEST("/loader/answers", test_answers);
    TEST("/loader/list", test_list);
    TEST("/loader/copy", test_copy);
    TEST("/loader/twice", test_twice);
    TEST("/loader/later", test_later);
    TEST("/loader/settings", test_settings);
    TEST("/loader/overrides", test_overrides);
    TEST("/loader/wrong-overrides", test_wrong_overrides);
    TEST("/loader/entries", test_entries);
    TEST("/loader/descriptor", test_descriptor);
    TEST("/loader/older-table", test_older_table);
    TEST("/loader/symbols", test_symbols);
    TEST("/loader/files", test_files);
    TEST("/loader/truncated", test_truncated);
    TEST("/loader/mangled", test_mangled);
    TEST("/loader/hosted", test_hosted);
    TEST("/loader/failing", test_failing);
    TEST("/loader/order", test_order);
    TEST("/loader/requires", test_requires);
    TEST("/loader/imports", test_imports);
    TEST("/loader/same-names", test_same_names);
    TEST("/loader/kinds", test_kinds);
    TEST("/loader/kinds-fail", test_kinds_fail);
    TEST("/loader/nesting", test_nesting);
    TEST("/loader/nesting-fails", test_nesting_fails);
    status = g_test_run();
    g_rmdir(scratch);
    g_free(scratch);
    return status;
}
