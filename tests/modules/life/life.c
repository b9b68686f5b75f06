/* SPDX-License-Identifier: MIT */

/*
 * life - a module that is replaced by variants of itself
 *
 * A test writes the variant's words over the text below, in a copy of the
 * shared object: what tells one build of a module from the next.
 *
 *   NUMBER             what it calls itself; odd ones lay their data out
 *                      differently from even ones
 *   crash-constructor, hang-constructor, exit-constructor
 *   crash-load, hang-load, exit-load, fail-load
 *   fail-start, hang-start, fail-import, hang-stop
 *   mute               it has no `talk`
 *   stateless          it does not hand its count over
 *   thread             leaves a thread behind that does not end
 *   helper             has a thread that ends when it is told to
 *
 * talk   SINK ws:/life/talk: answers "NUMBER MESSAGE", counts it
 * count  SOURCE res:/life/count
 * tick   SOURCE res:/life/tick: counts
 * number SOURCE res:/life/number
 * held   SOURCE res:/life/held: answered by res:/life/release
 * boxed  SOURCE res:/life/boxed: something that only its code can free
 * kept   the same, for the cache to keep
 * stuck  SOURCE res:/life/stuck: runs as long as the file $LIFE_STUCK is there
 * asks   SOURCE res:/life/asks: answers at once, and goes on waiting for what
 *        it asked of the module held
 */

#include <fulcra/fulcra.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const volatile char words_of_variant[64] =
        "variant: 1                                                    .";

static char words[64];

static bool
is_variant(const char *word)
{
    return strstr(words, word) != NULL;
}

__attribute__((constructor)) static void
begin(void)
{
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = words_of_variant[i];
    words[sizeof words - 1] = '\0';
    if (is_variant("crash-constructor"))
        raise(SIGSEGV);
    if (is_variant("exit-constructor"))
        _exit(3);
    while (is_variant("hang-constructor"))
        pause();
}

/* --- its data, of which there are two layouts --- */

typedef struct {
    atomic_long count;
    unsigned number;
} EvenData;

typedef struct {
    char room[1000]; /* another size */
    unsigned number;
    atomic_long count; /* and other places */
} OddData;

static unsigned
get_number(void)
{
    return (unsigned)strtoul(words + strlen("variant: "), NULL, 10);
}

static bool
is_odd(void)
{
    return get_number() % 2 == 1;
}

static void *
data_new(void)
{
    OddData *odd;
    EvenData *even;

    if (is_odd()) {
        odd = g_new0(OddData, 1);
        memset(odd->room, 0xa5, sizeof odd->room);
        odd->number = get_number();
        return odd;
    }
    even = g_new0(EvenData, 1);
    even->number = get_number();
    return even;
}

static atomic_long *
data_count(void *data)
{
    return is_odd() ? &((OddData *)data)->count : &((EvenData *)data)->count;
}

static unsigned
data_number(void *data)
{
    return is_odd() ? ((OddData *)data)->number : ((EvenData *)data)->number;
}

static void *shared; /* of all endpoints */

/* --- endpoints --- */

static FulcraRepresentation *
talk_new(FulcraRequest *request, GError **error)
{
    return NULL;
}

static FulcraRepresentation *
talk_sink(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *message = fulcra_request_get_primary(request);
    g_autoptr(FulcraRepresentation) answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%u %s", data_number(shared),
            fulcra_representation_get_text(message));

    atomic_fetch_add(data_count(shared), 1);
    fulcra_request_sink(
            request, FULCRA_ID("wsResponse:/message"), answer, error);
    return NULL;
}

static FulcraRepresentation *
talk_delete(FulcraRequest *request, GError **error)
{
    fulcra_log_info(request, "told in %u that a socket has gone", get_number());
    return NULL;
}

static FulcraRepresentation *
count_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_int(atomic_load(data_count(shared)));
}

static FulcraRepresentation *
tick_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_int(
            atomic_fetch_add(data_count(shared), 1) + 1);
}

static FulcraRepresentation *
number_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_int((int64_t)data_number(shared));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FulcraRequest *held; /* (nullable), guarded by lock */

static FulcraRepresentation *
held_source(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *deferred = fulcra_request_defer(request);

    pthread_mutex_lock(&lock);
    held = request;
    pthread_mutex_unlock(&lock);
    return deferred;
}

static FulcraRepresentation *
release_source(FulcraRequest *request, GError **error)
{
    FulcraRequest *first;

    pthread_mutex_lock(&lock);
    first = g_steal_pointer(&held);
    pthread_mutex_unlock(&lock);
    if (first != NULL)
        fulcra_request_respond(
                first, fulcra_representation_new_int((int64_t)get_number()));
    return fulcra_representation_new_bool(first != NULL);
}

static void
box_free(void *box)
{
    g_free(box);
}

static FulcraRepresentation *
boxed_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_boxed(
            "application/x-box", g_strdup("box"), box_free);
}

static FulcraRepresentation *
kept_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_with_expiry(
            boxed_source(request, error), FULCRA_EXPIRY_NEVER, 0);
}

static FulcraRepresentation *
stuck_source(FulcraRequest *request, GError **error)
{
    while (access(g_getenv("LIFE_STUCK"), F_OK) == 0)
        g_usleep(1000);
    return fulcra_representation_new_text("no longer");
}

static void
asks_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    fulcra_log_info(request, "%u was told at last", get_number());
}

static FulcraRepresentation *
asks_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) asked = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("res:/held/life"));

    fulcra_request_issue_async(asked, asks_answered, NULL);
    return fulcra_representation_new_text("asked");
}

static const FulcraEndpointOps talk_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = talk_new,
    .sink = talk_sink,
    .delete_resource = talk_delete,
};

/* The same on workers. */
static const FulcraEndpointOps work_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .new_resource = talk_new,
    .sink = talk_sink,
    .delete_resource = talk_delete,
};

#define SOURCE_OPS(function)                                                   \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_INLINE,           \
        .source = function                                                     \
    }

static const FulcraEndpointOps count_ops = SOURCE_OPS(count_source);
static const FulcraEndpointOps tick_ops = SOURCE_OPS(tick_source);
static const FulcraEndpointOps number_ops = SOURCE_OPS(number_source);
static const FulcraEndpointOps held_ops = SOURCE_OPS(held_source);
static const FulcraEndpointOps release_ops = SOURCE_OPS(release_source);
static const FulcraEndpointOps kept_ops = SOURCE_OPS(kept_source);
static const FulcraEndpointOps boxed_ops = SOURCE_OPS(boxed_source);
static const FulcraEndpointOps asks_ops = SOURCE_OPS(asks_source);

static const FulcraEndpointOps stuck_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = stuck_source,
};

/* --- its life --- */

static void
stay(void *data)
{
    for (;;)
        pause();
}

static void
help(void *data)
{
    while (!fulcra_module_is_stopping(data))
        g_usleep(1000);
}

static bool
life_start(FulcraModule *module, GError **error)
{
    if (is_variant("fail-start")) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "the database does not answer");
        return false;
    }
    while (is_variant("hang-start"))
        pause();
    if (is_variant("thread"))
        return fulcra_module_thread(module, "sleeper", stay, module, error);
    if (is_variant("helper"))
        return fulcra_module_thread(module, "helper", help, module, error);
    return true;
}

static void
life_stop(FulcraModule *module)
{
    if (held != NULL)
        fulcra_request_fail(g_steal_pointer(&held),
                g_error_new(FULCRA_ERROR, FULCRA_ERROR_GONE, "it ends"));
    while (is_variant("hang-stop"))
        pause();
}

static FulcraRepresentation *
life_export(FulcraModule *module, GError **error)
{
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%ld", atomic_load(data_count(shared)));
}

static bool
life_import(FulcraModule *module, unsigned version, FulcraRepresentation *state,
        GError **error)
{
    if (is_variant("fail-import")) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "state of version %u cannot be read", version);
        return false;
    }
    atomic_fetch_add(data_count(shared),
            strtol(fulcra_representation_get_text(state), NULL, 10));
    return true;
}

static const FulcraModuleOps life_ops = {
    .size = sizeof(FulcraModuleOps),
    .start = life_start,
    .stop = life_stop,
    .state_version = 1,
    .export_state = life_export,
    .import_state = life_import,
};

static const FulcraModuleOps stateless_ops = {
    .size = sizeof(FulcraModuleOps),
    .start = life_start,
    .stop = life_stop,
};

static bool
add_all(FulcraModule *module, GError **error)
{
    static const struct {
        const char *id;
        const FulcraEndpointOps *ops;
    } endpoints[] = {
        { "talk", &talk_ops },
        { "work", &work_ops },
        { "count", &count_ops },
        { "tick", &tick_ops },
        { "number", &number_ops },
        { "held", &held_ops },
        { "release", &release_ops },
        { "kept", &kept_ops },
        { "boxed", &boxed_ops },
        { "stuck", &stuck_ops },
        { "asks", &asks_ops },
    };

    for (size_t i = is_variant("mute"); i < G_N_ELEMENTS(endpoints); i++)
        if (!fulcra_module_add_endpoint(
                    module, endpoints[i].id, endpoints[i].ops, NULL, error))
            return false;
    return true;
}

static bool
life_load(FulcraModule *module, GError **error)
{
    if (is_variant("fail-load")) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "no licence");
        return false;
    }
    while (is_variant("hang-load"))
        pause();
    if (is_variant("crash-load"))
        abort();
    if (is_variant("exit-load"))
        exit(4);
    shared = data_new();
    fulcra_module_set_ops(
            module, is_variant("stateless") ? &stateless_ops : &life_ops);
    return add_all(module, error);
}

__attribute__((destructor)) static void
end(void)
{
    g_free(shared);
}

FULCRA_MODULE_DEFINE("life", life_load)
