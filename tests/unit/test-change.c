/* SPDX-License-Identifier: MIT */
/*
 * Modules that change while they serve: what is published afterwards, what is
 * refused and why, what is left of generations. The module is tests/modules/
 * life, whose variants are made by writing words over a text in it.
 */
#include "patience.h"

#include <fulcra-host/change.h>
#include <fulcra-host/identifier.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define WORDS_SIZE 63u

static char *scratch; /* TMPDIR of this process */

typedef struct {
    FulcraKernel *kernel;
    FulcraLoader *loader;
    char *folder; /* of the module */
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    FulcraChangeLimits limits = FULCRA_CHANGE_LIMITS_DEFAULT;

    self->kernel = fulcra_host_kernel_new(NULL);
    self->loader = fulcra_host_loader_new(self->kernel);
    fulcra_host_loader_set_limits(self->loader, &limits);
    self->folder = g_build_filename(scratch, "life", NULL);
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

static void
tear_down(Fixture *self, const void *data)
{
    fulcra_host_loader_free(self->loader);
    fulcra_host_kernel_free(self->kernel);
    remove_tree(self->folder);
    g_free(self->folder);
}

/* --- modules --- */

static char *
read_life(size_t *length)
{
    const char *build = g_getenv("FULCRA_BUILDDIR");
    g_autofree char *file = g_build_filename(build != NULL ? build : ".",
            "stage", "tests", "modules", "life", "life.so", NULL);
    char *bytes = NULL;

    if (!g_file_get_contents(file, &bytes, length, NULL))
        g_error("%s is not there: make stage-test-modules", file);
    return bytes;
}

/* Writes the code of a variant, in one step. */
static void
write_code(Fixture *self, const char *words)
{
    g_autofree char *file = g_build_filename(self->folder, "life.so", NULL);
    g_autofree char *text = g_strdup_printf("variant: %s", words);
    size_t length;
    g_autofree char *bytes = read_life(&length);
    char *at = memmem(bytes, length, "variant: 1  ", 12);

    g_assert_nonnull(at);
    memset(at, ' ', WORDS_SIZE);
    memcpy(at, text, strlen(text));
    g_assert_true(g_file_set_contents(file, bytes, (gssize)length, NULL));
}

#define ENDPOINTS                                                              \
    "{\"id\":\"number\",\"grammar\":\"res:/life/number\"},"                    \
    "{\"id\":\"held\",\"grammar\":\"res:/life/held\"},"                        \
    "{\"id\":\"release\",\"grammar\":\"res:/life/release\"},"                  \
    "{\"id\":\"count\",\"grammar\":\"res:/life/count\"},"                      \
    "{\"id\":\"tick\",\"grammar\":\"res:/life/tick\"},"                        \
    "{\"id\":\"kept\",\"grammar\":\"res:/life/kept\"},"                        \
    "{\"id\":\"boxed\",\"grammar\":\"res:/life/boxed\"}"

/* @keys: more of the definition, each with a comma behind it */
static void
write_definition(Fixture *self, const char *version, const char *keys)
{
    g_autofree char *file =
            g_build_filename(self->folder, FULCRA_DEFINITION, NULL);
    g_autofree char *text = g_strdup_printf(
            "{\"uri\":\"urn:test:life\",\"version\":\"%s\",%s\"library\":"
            "\"life.so\",\"spaces\":[{\"uri\":\"urn:test:life\",\"public\":"
            "true,\"attach\":\"front\",\"endpoints\":[" ENDPOINTS "]}]}",
            version, keys);

    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

/* A module without code in a folder of its own. (transfer full) */
static char *
write_plain(Fixture *self, const char *name, const char *version,
        const char *keys, const char *space)
{
    char *folder = g_build_filename(self->folder, name, NULL);
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);
    g_autofree char *text = g_strdup_printf(
            "{\"uri\":\"urn:test:%s\",\"version\":\"%s\",%s\"spaces\":[{\"uri\""
            ":\"urn:test:%s\",\"public\":true,\"endpoints\":[]}]}",
            name, version, keys, space);

    g_mkdir(folder, 0700);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    return folder;
}

static void
load(Fixture *self, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change =
            fulcra_host_loader_load(self->loader, folder, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(change->done);
}

/* The first generation. */
static void
load_life(Fixture *self, const char *words, const char *keys)
{
    write_code(self, words);
    write_definition(self, "1.0.0", keys);
    load(self, self->folder);
}

static void
assert_reload_fails(Fixture *self, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change =
            fulcra_host_loader_reload(self->loader, "life", NULL, &error);

    g_assert_null(change);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE);
    if (strstr(error->message, expected) == NULL)
        g_error("'%s' is not in: %s", expected, error->message);
}

static void
reload(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change =
            fulcra_host_loader_reload(self->loader, "life", NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpint(change->kind, ==, FULCRA_CHANGE_REPLACE);
}

/* --- requests --- */

static FulcraRequest *
root(Fixture *self, const char *text)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, NULL);
    FulcraRequest *request = fulcra_host_request_new_root(self->kernel,
            FULCRA_SPACE_FRONT, NULL, FULCRA_VERB_SOURCE, identifier);

    fulcra_request_set_wanted_type(request, FULCRA_TYPE_TEXT);
    return request;
}

static void
assert_answer(Fixture *self, const char *text, const char *expected)
{
    g_autoptr(FulcraRequest) request = root(self, text);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, expected);
}

static void
assert_unresolved(Fixture *self, const char *text)
{
    g_autoptr(FulcraRequest) request = root(self, text);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);

    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
}

/* --- generations --- */

static FulcraGenerationState
state_of(Fixture *self, unsigned number, char **left)
{
    g_autoptr(GPtrArray) states = NULL;
    FulcraModuleState *state;

    fulcra_host_loader_tend(self->loader);
    states = fulcra_host_loader_list_states(self->loader);
    state = states->pdata[0];
    g_assert_cmpstr(state->uri, ==, "urn:test:life");
    for (size_t i = 0; i < state->n_generations; i++)
        if (state->generations[i].number == number) {
            if (left != NULL)
                *left = g_strjoinv(", ", state->generations[i].left);
            return state->generations[i].state;
        }
    g_error("there is no generation %u", number);
}

static void
await_state(Fixture *self, unsigned number, FulcraGenerationState wanted)
{
    int64_t until = g_get_monotonic_time() + patience() * 20 * G_USEC_PER_SEC;

    while (state_of(self, number, NULL) != wanted) {
        if (g_get_monotonic_time() > until)
            g_error("generation %u is %s, not %s", number,
                    fulcra_host_generation_state_to_string(
                            state_of(self, number, NULL)),
                    fulcra_host_generation_state_to_string(wanted));
        g_usleep(1000);
    }
}

static void
assert_left(Fixture *self, unsigned number, const char *expected)
{
    g_autofree char *left = NULL;

    g_assert_cmpint(
            state_of(self, number, &left), ==, FULCRA_GENERATION_RETIRED);
    g_assert_cmpstr(left, ==, expected);
}

static void
await_left(Fixture *self, unsigned number, const char *expected)
{
    int64_t until = g_get_monotonic_time() + patience() * 20 * G_USEC_PER_SEC;
    g_autofree char *left = NULL;

    do {
        g_clear_pointer(&left, g_free);
        if (g_get_monotonic_time() > until)
            g_error("generation %u never has left: %s", number, expected);
        g_usleep(1000);
    } while (state_of(self, number, &left) != FULCRA_GENERATION_RETIRED ||
             strcmp(left, expected) != 0);
}

/* Segments of the module, of all its generations. */
static unsigned
count_mapped(void)
{
    g_autofree char *maps = NULL;
    unsigned n = 0;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    for (char *at = strstr(maps, "-life.so"); at != NULL;
            at = strstr(at + 1, "-life.so"))
        n++;
    return n;
}

/* --- what is published --- */

static void
test_replace(Fixture *self, const void *data)
{
    g_autoptr(FulcraModuleState) state = NULL;

    load_life(self, "1", "");
    assert_answer(self, "res:/life/number", "1");
    write_code(self, "2");
    assert_answer(self, "res:/life/number", "1");
    reload(self);
    assert_answer(self, "res:/life/number", "2");
    await_state(self, 1, FULCRA_GENERATION_KEPT);
    state = fulcra_host_loader_get_state(self->loader, "urn:test:life", NULL);
    g_assert_cmpuint(state->n_generations, ==, 2);
    g_assert_cmpint(state->generations[0].state, ==, FULCRA_GENERATION_LIVE);
    g_assert_cmpuint(state->generations[0].number, ==, 2);
    g_assert_cmpuint(state->kept, >, 4096);
    g_assert_null(state->failure);
}

static void
test_unload(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change = NULL;

    load_life(self, "1", "");
    change =
            fulcra_host_loader_unload(self->loader, "life@1.0.0", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(change->kind, ==, FULCRA_CHANGE_UNLOAD);
    assert_unresolved(self, "res:/life/number");
    await_state(self, 1, FULCRA_GENERATION_KEPT);
    load(self, self->folder);
    assert_answer(self, "res:/life/number", "1");
}

/* A tree of requests stays in the generation in which its root began. */
static void
held_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    g_assert_no_error(error);
    atomic_store((atomic_int *)user_data,
            atoi(fulcra_representation_get_text(answer)));
}

static void
test_in_flight(Fixture *self, const void *data)
{
    g_autoptr(FulcraRequest) old = NULL, release = NULL;
    atomic_int answered = 0;
    FulcraRepresentation *answer;

    load_life(self, "1 stateless", "");
    old = root(self, "res:/life/held");
    release = root(self, "res:/life/release"); /* of the same generation */
    fulcra_request_issue_async(old, held_answered, &answered);
    write_code(self, "2 stateless");
    reload(self);
    assert_answer(self, "res:/life/number", "2");
    assert_left(self, 1, "2 requests that began in it");
    g_assert_cmpint(atomic_load(&answered), ==, 0);

    answer = fulcra_request_issue(release, NULL);
    fulcra_representation_unref(answer);
    g_assert_cmpint(atomic_load(&answered), ==, 1);
    g_clear_pointer(&old, fulcra_request_unref);
    g_clear_pointer(&release, fulcra_request_unref);
    await_state(self, 1, FULCRA_GENERATION_KEPT);
}

/* --- what is refused --- */

static void
test_failures(Fixture *self, const void *data)
{
    static const struct {
        const char *words, *said;
    } cases[] = {
        { "9 fail-load", "its load function failed: no licence" },
        { "9 fail-start", "it does not start: the database does not answer" },
    };

    load_life(self, "1", "");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FulcraModuleState) state = NULL;

        write_code(self, cases[i].words);
        assert_reload_fails(self, cases[i].said);
        assert_answer(self, "res:/life/number", "1");
        state = fulcra_host_loader_get_state(self->loader, "life", NULL);
        g_assert_nonnull(strstr(state->failure, cases[i].said));
    }
    write_code(self, "2");
    reload(self);
    assert_answer(self, "res:/life/number", "2");
}

static void
test_definition(Fixture *self, const void *data)
{
    load_life(self, "1", "");
    write_definition(self, "1.0", "");
    assert_reload_fails(self, "\"1.0\" is not a version");
    write_definition(self, "2.0.0", "\"requires\":{\"urn:test:none\":\"*\"},");
    assert_reload_fails(
            self, "module \"urn:test:none\" is required and not there");
    assert_answer(self, "res:/life/number", "1");
}

static void
test_required(Fixture *self, const void *data)
{
    g_autofree char *user = write_plain(self, "user", "1.0.0",
            "\"requires\":{\"urn:test:life\":\">=1 <2\"},", "user");
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change = NULL;

    load_life(self, "1", "");
    load(self, user);
    write_definition(self, "2.0.0", "");
    assert_reload_fails(self, "has version 2.0.0, which is not >=1 <2");
    change = fulcra_host_loader_unload(self->loader, "life", NULL, &error);
    g_assert_null(change);
    g_assert_nonnull(strstr(error->message, "is needed by other modules"));
    g_clear_error(&error);
    write_definition(self, "1.5.0", "\"requires\":{\"urn:test:user\":\"*\"},");
    assert_reload_fails(self, "modules require one another in a circle");
    write_definition(self, "1.5.0", "");
    reload(self);
}

/* Two of one URI that have no space in common live side by side. */
static void
test_side_by_side(Fixture *self, const void *data)
{
    g_autofree char *one = write_plain(self, "a", "1.0.0", "", "x:v1");
    g_autofree char *two = write_plain(self, "b", "2.0.0", "", "x:v2");
    g_autofree char *file = g_build_filename(two, FULCRA_DEFINITION, NULL);
    g_autofree char *user = write_plain(self, "user", "1.0.0",
            "\"requires\":{\"urn:test:a\":\"<2\"},", "user");
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) states = NULL;

    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    memcpy(strstr(text, "urn:test:b"), "urn:test:a", 10);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    load(self, one);
    load(self, two);
    load(self, user);
    states = fulcra_host_loader_list_states(self->loader);
    g_assert_cmpuint(states->len, ==, 3);
    g_assert_null(fulcra_host_loader_reload(self->loader, "a", NULL, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_assert_cmpstr(error->message, ==,
            "several modules are named 'a': say urn:test:a@1.0.0 or "
            "urn:test:a@2.0.0");
    g_clear_error(&error);
    fulcra_host_change_free(
            fulcra_host_loader_unload(self->loader, "a@2.0.0", NULL, &error));
    g_assert_no_error(error);
    g_assert_null(fulcra_host_loader_unload(self->loader, "a", NULL, &error));
    g_assert_nonnull(strstr(error->message, "is required and not there"));
}

static void
test_preview(Fixture *self, const void *data)
{
    static const FulcraChangeOptions preview = { .preview = true };
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraChange) change = NULL;

    load_life(self, "1", "");
    write_code(self, "2");
    change = fulcra_host_loader_reload(self->loader, "life", &preview, &error);
    g_assert_no_error(error);
    g_assert_false(change->done);
    g_assert_cmpint(change->kind, ==, FULCRA_CHANGE_REPLACE);
    assert_answer(self, "res:/life/number", "1");
}

static void
test_names(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;

    load_life(self, "1", "");
    g_assert_null(fulcra_host_loader_reload(
            self->loader, "urn:test:lif", NULL, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==,
            "no module 'urn:test:lif' is loaded; did you mean "
            "'urn:test:life'?");
    g_assert_null(fulcra_host_loader_reload(self->loader, "ife", NULL, NULL));
    g_assert_null(
            fulcra_host_loader_reload(self->loader, "life@2.0.0", NULL, NULL));
    reload(self);
}

/* --- state --- */

static void
tick(Fixture *self, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        g_autoptr(FulcraRequest) request = root(self, "res:/life/tick");
        g_autoptr(FulcraRepresentation) answer =
                fulcra_request_issue(request, NULL);

        g_assert_nonnull(answer);
    }
}

static void
test_state(Fixture *self, const void *data)
{
    load_life(self, "1", "");
    tick(self, 3);
    write_code(self, "2");
    reload(self);
    tick(self, 2);
    assert_answer(self, "res:/life/count", "5");
    write_code(self, "3 fail-import");
    assert_reload_fails(self,
            "urn:test:life 1.0.0: it cannot import the state of 1.0.0: state "
            "of version 1 cannot be read");
    tick(self, 1);
    assert_answer(self, "res:/life/count", "6");
    assert_answer(self, "res:/life/number", "2");
    write_code(self, "4 stateless");
    reload(self);
    assert_answer(self, "res:/life/count", "0");
}

/* Counts those that were answered with the number that it begins with. */
typedef struct {
    const char *expected;
    atomic_int answered;
} Expected;

static void
number_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Expected *self = user_data;

    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, self->expected);
    atomic_fetch_add(&self->answered, 1);
}

typedef struct {
    Fixture *fixture;
    GError *error;
    atomic_bool done;
} Reloading;

static void *
reload_aside(void *data)
{
    Reloading *self = data;

    fulcra_host_change_free(fulcra_host_loader_reload(
            self->fixture->loader, "life", NULL, &self->error));
    atomic_store(&self->done, true);
    return NULL;
}

static void
await_answered(Expected *expected)
{
    int64_t until = g_get_monotonic_time() + patience() * 20 * G_USEC_PER_SEC;

    while (atomic_load(&expected->answered) == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(1000);
    }
}

/* Waits until requests to the module are held: one is answered no more. */
static void
await_hold(Fixture *self, Expected *expected)
{
    int64_t until = g_get_monotonic_time() + patience() * 20 * G_USEC_PER_SEC;
    int issued = 0;

    do {
        g_autoptr(FulcraRequest) request = root(self, "res:/life/number");

        g_assert_cmpint(g_get_monotonic_time(), <, until);
        fulcra_request_issue_async(request, number_answered, expected);
        issued++;
    } while (atomic_load(&expected->answered) == issued);
}

static void
nothing_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED);
}

/* One request is inside, and another comes: it is held until the first has
 * ended, and then answered by the next generation; so is whoever comes to the
 * old one later. */
static void
test_held(Fixture *self, const void *data)
{
    g_autoptr(FulcraRequest) inside = NULL, late = NULL;
    g_autoptr(FulcraRepresentation) answer = NULL;
    Reloading reloading = { .fixture = self };
    Expected held = { .expected = "1" };
    pthread_t thread;

    load_life(self, "1", "");
    tick(self, 4);
    late = root(self, "res:/life/count"); /* of the first generation */
    inside = root(self, "res:/life/held");
    fulcra_request_issue_async(inside, nothing_answered, NULL);
    write_code(self, "2");
    pthread_create(&thread, NULL, reload_aside, &reloading);
    await_hold(self, &held);
    g_assert_false(atomic_load(&reloading.done));
    held.expected = "2";
    atomic_store(&held.answered, 0);
    fulcra_request_cancel(inside);
    pthread_join(thread, NULL);
    g_assert_no_error(reloading.error);
    await_answered(&held);
    assert_answer(self, "res:/life/number", "2");
    answer = fulcra_request_issue(late, NULL);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "4");
}

/* It does not end: the change is given up, and who was held goes on. */
static void
test_never_ends(Fixture *self, const void *data)
{
    FulcraChangeLimits limits = FULCRA_CHANGE_LIMITS_DEFAULT;
    g_autoptr(FulcraRequest) inside = NULL;
    Reloading reloading = { .fixture = self };
    Expected held = { .expected = "1" };
    atomic_int answered = 0;
    pthread_t thread;

    limits.hold_ms = 300;
    fulcra_host_loader_set_limits(self->loader, &limits);
    load_life(self, "1", "");
    inside = root(self, "res:/life/held");
    fulcra_request_issue_async(inside, held_answered, &answered);
    write_code(self, "2");
    pthread_create(&thread, NULL, reload_aside, &reloading);
    await_hold(self, &held);
    atomic_store(&held.answered, 0);
    pthread_join(thread, NULL);
    g_assert_cmpstr(reloading.error->message, ==,
            "urn:test:life 1.0.0: its state cannot be handed over: 1 request "
            "in it did not end within 300 ms");
    g_clear_error(&reloading.error);
    await_answered(&held);
    assert_answer(self, "res:/life/release", "true");
    g_assert_cmpint(atomic_load(&answered), ==, 1);
    assert_answer(self, "res:/life/number", "1");
}

/* --- staging --- */

typedef struct {
    char *file;
    off_t at;
    atomic_bool stop;
} Writer;

static void *
write_again_and_again(void *data)
{
    Writer *self = data;
    int descriptor = open(self->file, O_WRONLY);
    unsigned n = 0;

    g_assert_cmpint(descriptor, >=, 0);
    while (!atomic_load(&self->stop)) {
        n++;
        g_assert_cmpint(
                pwrite(descriptor, &n, sizeof n, self->at), ==, sizeof n);
    }
    close(descriptor);
    return NULL;
}

/* A builder writes while it is copied: the file is large, so that it is long
 * on its way. */
static void
test_changing(Fixture *self, const void *data)
{
    Writer writer = { .at = 32 << 20 };
    pthread_t thread;

    load_life(self, "1", "");
    write_code(self, "2");
    writer.file = g_build_filename(self->folder, "life.so", NULL);
    g_assert_cmpint(truncate(writer.file, writer.at), ==, 0);
    pthread_create(&thread, NULL, write_again_and_again, &writer);
    assert_reload_fails(self, "life.so: changed while it was copied");
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    assert_answer(self, "res:/life/number", "1");
    reload(self);
    assert_answer(self, "res:/life/number", "2");
    g_free(writer.file);
}

/* What processes left behind that are gone is removed; what belongs to one
 * that is alive is not. */
static void
test_stale(Fixture *self, const void *data)
{
    g_autofree char *stale =
            g_build_filename(scratch, "fulcra-modules-STALE1", NULL);
    g_autofree char *lock = g_build_filename(stale, "lock", NULL);
    g_autofree char *copy = g_build_filename(stale, "0-life.so", NULL);
    FulcraLoader *other;

    load_life(self, "1", ""); /* has a folder, and holds it */
    g_assert_cmpint(g_mkdir(stale, 0700), ==, 0);
    g_assert_true(g_file_set_contents(lock, "", 0, NULL));
    g_assert_true(g_file_set_contents(copy, "code", 4, NULL));
    other = fulcra_host_loader_new(self->kernel);
    g_assert_true(fulcra_host_loader_load_all(other, NULL));
    g_assert_false(g_file_test(stale, G_FILE_TEST_EXISTS));
    fulcra_host_loader_free(other);
    write_code(self, "2");
    load(self, self->folder); /* its own folder is there still */
}

/* --- what is left of a generation --- */

static void
test_helper(Fixture *self, const void *data)
{
    load_life(self, "1 helper", "");
    write_code(self, "2");
    reload(self);
    await_state(self, 1, FULCRA_GENERATION_KEPT);
}

static void
test_thread(Fixture *self, const void *data)
{
    load_life(self, "1 thread", "");
    write_code(self, "2");
    reload(self);
    await_left(self, 1, "thread 'sleeper'");
    write_code(self, "3");
    reload(self);
    await_state(self, 2, FULCRA_GENERATION_KEPT);
    await_left(self, 1, "thread 'sleeper'");
}

/* The author promises that nothing points into the code; what the server can
 * see of that, it looks for. */
static void
test_unmap(Fixture *self, const void *data)
{
    g_autoptr(FulcraRequest) request = NULL;
    FulcraRepresentation *boxed;
    g_autoptr(FulcraModuleState) state = NULL;

    load_life(self, "1 helper", "\"unmap\":true,");
    request = root(self, "res:/life/boxed");
    fulcra_request_set_wanted_type(request, NULL);
    boxed = fulcra_request_issue(request, NULL);
    g_assert_nonnull(boxed);
    g_clear_pointer(&request, fulcra_request_unref);
    write_code(self, "2");
    reload(self);
    await_left(self, 1, "1 representation that only its code can free");
    fulcra_representation_unref(boxed);
    await_state(self, 1, FULCRA_GENERATION_UNMAPPED);
    assert_answer(self, "res:/life/number", "2");
    state = fulcra_host_loader_get_state(self->loader, "life", NULL);
    g_assert_cmpuint(state->kept, ==, 0);
}

/* Nor is it kept by an answer that is kept: it has expired. */
static void
test_unmap_cached(Fixture *self, const void *data)
{
    load_life(self, "1 stateless", "\"unmap\":true,");
    for (int i = 0; i < 3; i++) {
        g_autoptr(FulcraRequest) request = root(self, "res:/life/kept");
        g_autoptr(FulcraRepresentation) answer = NULL;

        fulcra_request_set_wanted_type(request, NULL);
        answer = fulcra_request_issue(request, NULL);
        g_assert_nonnull(answer);
    }
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_CACHE_ENTRIES), >, 0);
    write_code(self, "2");
    reload(self);
    await_state(self, 1, FULCRA_GENERATION_UNMAPPED);
}

/* Hundreds of them leave nothing in the address space. */
static void
test_unmap_often(Fixture *self, const void *data)
{
    unsigned before;

    load_life(self, "1", "\"unmap\":true,");
    before = count_mapped();
    for (unsigned i = 2; i < 20; i++) {
        g_autofree char *words = g_strdup_printf("%u", i);

        write_code(self, words);
        reload(self);
    }
    for (unsigned i = 1; i < 19; i++)
        await_state(self, i, FULCRA_GENERATION_UNMAPPED);
    g_assert_cmpuint(count_mapped(), ==, before);
}

#define TEST(name, function)                                                   \
    g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    /* GLib reads TMPDIR once. */
    scratch = mkdtemp(g_strdup("/tmp/test-change-XXXXXX"));
    g_assert_nonnull(scratch);
    g_setenv("TMPDIR", scratch, true);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL);
    TEST("/change/replace", test_replace);
    TEST("/change/unload", test_unload);
    TEST("/change/in-flight", test_in_flight);
    TEST("/change/failures", test_failures);
    TEST("/change/definition", test_definition);
    TEST("/change/required", test_required);
    TEST("/change/side-by-side", test_side_by_side);
    TEST("/change/preview", test_preview);
    TEST("/change/names", test_names);
    TEST("/change/state", test_state);
    TEST("/change/held", test_held);
    TEST("/change/never-ends", test_never_ends);
    TEST("/change/changing", test_changing);
    TEST("/change/stale", test_stale);
    TEST("/change/helper", test_helper);
    TEST("/change/thread", test_thread);
    TEST("/change/unmap", test_unmap);
    TEST("/change/unmap-cached", test_unmap_cached);
    TEST("/change/unmap-often", test_unmap_often);
    result = g_test_run();
    remove_tree(scratch);
    g_free(scratch);
    return result;
}
