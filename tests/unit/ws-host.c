/* SPDX-License-Identifier: MIT */

/*
 * ws-host - the WebSocket transport with endpoints made for its tests
 *
 * `ws-host LOOPS [NAME=VALUE]...` serves on a port of its own choice until it
 * gets SIGTERM, then takes everything apart, so that a sanitizer can look, and
 * prints its counters. NAME is a limit of the transport, or `timeout`.
 */

#include "http/server.h"
#include "websocket/websockets.h"

#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRONT     "urn:test:front"
#define MAX_LOOPS 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *waiting; /* guarded by lock: requests that were deferred */
static pthread_cond_t release = PTHREAD_COND_INITIALIZER;
static unsigned releases;  /* guarded by lock */
static GPtrArray *members; /* likewise: handles of /topic */
static GString *events;    /* likewise: what happened to sockets of /log */

static const char *
argument(FulcraRequest *request, const char *name)
{
    const char *value = fulcra_request_get_argument(request, name);

    return value == NULL ? "-" : value;
}

static bool
reply(FulcraRequest *request, const char *text, GError **error)
{
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text(text);

    return fulcra_request_sink(
            request, FULCRA_ID("wsResponse:/message"), message, error);
}

static FulcraSocket *
primary_socket(FulcraRequest *request)
{
    return fulcra_representation_get_boxed(
            fulcra_request_get_primary(request), FULCRA_TYPE_SOCKET);
}

/* --- /echo/KIND --- */

static FulcraRepresentation *
echo_new(FulcraRequest *request, GError **error)
{
    return NULL;
}

static FulcraRepresentation *
echo_sink(FulcraRequest *request, GError **error)
{
    fulcra_request_sink(request, FULCRA_ID("wsResponse:/message"),
            fulcra_request_get_primary(request), error);
    return NULL;
}

static FulcraRepresentation *
echo_delete(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_bool(true);
}

#define ECHO(kind)                                                             \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = kind,                        \
        .new_resource = echo_new, .sink = echo_sink,                           \
        .delete_resource = echo_delete                                         \
    }
static const FulcraEndpointOps echo_inline_ops = ECHO(FULCRA_RUN_INLINE);
static const FulcraEndpointOps echo_serial_ops = ECHO(FULCRA_RUN_SERIAL);
static const FulcraEndpointOps echo_concurrent_ops =
        ECHO(FULCRA_RUN_CONCURRENT);

/* --- /log/NAME: what happened, in order; greets during NEW --- */

static void
log_event(FulcraRequest *request, const char *what, const char *more)
{
    pthread_mutex_lock(&lock);
    g_string_append_printf(
            events, "%s %s %s\n", argument(request, "name"), what, more);
    pthread_mutex_unlock(&lock);
}

static FulcraRepresentation *
log_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) welcome =
            fulcra_representation_new_text("welcome");

    log_event(request, "NEW", "");
    fulcra_socket_send(primary_socket(request), welcome, NULL);
    reply(request, "again", NULL);
    return NULL;
}

static FulcraRepresentation *
log_sink(FulcraRequest *request, GError **error)
{
    size_t length;

    fulcra_representation_get_bytes(
            fulcra_request_get_primary(request), &length);
    log_event(request, "SINK",
            length > 100 ? "long"
                         : fulcra_representation_get_text(
                                   fulcra_request_get_primary(request)));
    return echo_sink(request, error);
}

static FulcraRepresentation *
log_delete(FulcraRequest *request, GError **error)
{
    g_autoptr(GError) sent = NULL;
    g_autofree char *more = NULL;

    reply(request, "too late", &sent);
    more = g_strdup_printf("%s %s %s", argument(request, "status"),
            argument(request, "reason"),
            sent == NULL ? "sent"
                         : fulcra_error_id((FulcraErrorCode)sent->code));
    log_event(request, "DELETE", more);
    return NULL;
}

static const FulcraEndpointOps log_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = log_new,
    .sink = log_sink,
    .delete_resource = log_delete };

static FulcraRepresentation *
events_source(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *text;

    pthread_mutex_lock(&lock);
    text = fulcra_representation_new_text(events->str);
    pthread_mutex_unlock(&lock);
    return text;
}

static const FulcraEndpointOps events_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = events_source };

/* --- NEWs of every kind --- */

static FulcraRepresentation *
code_new(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *answer =
            fulcra_representation_new_text("this is why");

    reply(request, "never seen", NULL);
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/code", argument(request, "code"));
    return fulcra_representation_with_header(
            answer, "httpResponse:/header/X-Reason", "refused");
}

static FulcraRepresentation *
error_new(FulcraRequest *request, GError **error)
{
    g_set_error(
            error, FULCRA_ERROR, atoi(argument(request, "code")), "NEW fails");
    return NULL;
}

static FulcraRepresentation *
id_new(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *answer =
            fulcra_representation_new_text(argument(request, "id"));

    return fulcra_representation_with_header(
            answer, "httpResponse:/header/X-Socket", "named");
}

static FulcraRepresentation *
protocol_new(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *answer =
            fulcra_representation_new_bytes(FULCRA_TYPE_NONE, NULL, 0);

    reply(request, fulcra_request_get_header(request, "WS_PROTOCOL"), NULL);
    return fulcra_representation_with_header(
            answer, "WS_PROTOCOL", argument(request, "choice"));
}

static FulcraRepresentation *
sleep_new(FulcraRequest *request, GError **error)
{
    g_usleep((gulong)atoi(argument(request, "ms")) * 1000);
    log_event(request, "NEW", "");
    reply(request, "first", NULL);
    return NULL;
}

static FulcraRepresentation *
leave_new(FulcraRequest *request, GError **error)
{
    reply(request, "bye", NULL);
    fulcra_socket_disconnect(primary_socket(request), 4002, "left", NULL);
    log_event(request, "NEW", "");
    return NULL;
}

#define NEW_OPS(name, kind, function)                                          \
    static const FulcraEndpointOps name = { .size = sizeof(FulcraEndpointOps), \
        .run = kind,                                                           \
        .new_resource = function,                                              \
        .sink = log_sink,                                                      \
        .delete_resource = log_delete }
NEW_OPS(code_ops, FULCRA_RUN_INLINE, code_new);
NEW_OPS(error_ops, FULCRA_RUN_INLINE, error_new);
NEW_OPS(id_ops, FULCRA_RUN_INLINE, id_new);
NEW_OPS(protocol_ops, FULCRA_RUN_CONCURRENT, protocol_new);
NEW_OPS(sleep_ops, FULCRA_RUN_CONCURRENT, sleep_new);
NEW_OPS(leave_ops, FULCRA_RUN_INLINE, leave_new);

/* --- SINKs of every kind --- */

static FulcraRepresentation *
say_sink(FulcraRequest *request, GError **error)
{
    fulcra_request_sink(request, FULCRA_ID("wsResponse:/disconnect"),
            fulcra_request_get_primary(request), error);
    if (*error != NULL) {
        g_autofree char *message = g_strdup((*error)->message);

        g_clear_error(error);
        reply(request, message, error);
    }
    return NULL;
}

static FulcraRepresentation *
fail_sink(FulcraRequest *request, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "it fails");
    return NULL;
}

static FulcraRepresentation *
defer_sink(FulcraRequest *request, GError **error)
{
    log_event(request, "SINK", "deferred");
    pthread_mutex_lock(&lock);
    g_ptr_array_add(waiting, request);
    pthread_mutex_unlock(&lock);
    return fulcra_request_defer(request);
}

static FulcraRepresentation *
hang_sink(FulcraRequest *request, GError **error)
{
    log_event(request, "SINK", "begins");
    pthread_mutex_lock(&lock);
    for (unsigned before = releases; releases == before;)
        pthread_cond_wait(&release, &lock);
    pthread_mutex_unlock(&lock);
    log_event(request, "SINK", "ends");
    return NULL;
}

#define SINK_OPS(name, kind, function)                                         \
    static const FulcraEndpointOps name = { .size = sizeof(FulcraEndpointOps), \
        .run = kind,                                                           \
        .new_resource = echo_new,                                              \
        .sink = function,                                                      \
        .delete_resource = log_delete }
SINK_OPS(say_ops, FULCRA_RUN_SERIAL, say_sink);
SINK_OPS(fail_ops, FULCRA_RUN_INLINE, fail_sink);
SINK_OPS(defer_ops, FULCRA_RUN_INLINE, defer_sink);
SINK_OPS(hang_ops, FULCRA_RUN_CONCURRENT, hang_sink);

static FulcraRepresentation *
release_source(FulcraRequest *request, GError **error)
{
    g_autoptr(GPtrArray) released = NULL;

    pthread_mutex_lock(&lock);
    released = g_steal_pointer(&waiting);
    waiting = g_ptr_array_new();
    releases++;
    pthread_cond_broadcast(&release);
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; i < released->len; i++) {
        FulcraRequest *deferred = g_ptr_array_index(released, i);

        reply(deferred, "released", NULL);
        fulcra_request_respond(deferred, NULL);
    }
    return fulcra_representation_new_int(released->len);
}

static const FulcraEndpointOps release_ops = { .size = sizeof(
                                                       FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = release_source };

/* --- /values: "put KEY VALUE", "get KEY", "delete KEY", "exists KEY" --- */

static FulcraRepresentation *
value_do(FulcraRequest *request, char **words, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("key", words[1]);
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("socket:/{key}"), &slot, 1, error);
    g_autoptr(FulcraRequest) asked = NULL;
    g_autoptr(FulcraRepresentation) value = NULL;
    FulcraVerb verb = FULCRA_VERB_SOURCE;

    if (identifier == NULL)
        return NULL;
    if (strcmp(words[0], "put") == 0)
        verb = FULCRA_VERB_SINK;
    else if (strcmp(words[0], "delete") == 0)
        verb = FULCRA_VERB_DELETE;
    else if (strcmp(words[0], "exists") == 0)
        verb = FULCRA_VERB_EXISTS;
    asked = fulcra_request_new(request, verb, identifier);
    if (verb == FULCRA_VERB_SINK) {
        value = fulcra_representation_new_text(words[2]);
        fulcra_request_set_primary(asked, value);
    }
    return fulcra_request_issue(asked, error);
}

static FulcraRepresentation *
values_sink(FulcraRequest *request, GError **error)
{
    g_auto(GStrv) words = g_strsplit(
            fulcra_representation_get_text(fulcra_request_get_primary(request)),
            " ", 3);
    g_autoptr(GError) failed = NULL;
    g_autoptr(FulcraRepresentation) answer = value_do(request, words, &failed);

    reply(request,
            answer == NULL ? fulcra_error_id((FulcraErrorCode)failed->code)
                           : fulcra_representation_get_text(answer),
            error);
    return NULL;
}

static const FulcraEndpointOps values_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .new_resource = echo_new,
    .sink = values_sink,
    .delete_resource = log_delete };

/* --- /topic: everyone gets what res:/publish/N/SIZE says --- */

static FulcraRepresentation *
topic_new(FulcraRequest *request, GError **error)
{
    pthread_mutex_lock(&lock);
    g_ptr_array_add(members, fulcra_socket_ref(primary_socket(request)));
    pthread_mutex_unlock(&lock);
    return NULL;
}

static FulcraRepresentation *
topic_delete(FulcraRequest *request, GError **error)
{
    pthread_mutex_lock(&lock);
    g_ptr_array_remove_fast(members, fulcra_request_get_socket(request));
    pthread_mutex_unlock(&lock);
    return NULL;
}

static FulcraRepresentation *
publish_source(FulcraRequest *request, GError **error)
{
    int n = atoi(argument(request, "n"));
    size_t size = (size_t)atoi(argument(request, "size"));
    g_autofree char *text = g_strnfill(size + 1, '.');

    pthread_mutex_lock(&lock);
    for (int i = 0; i < n; i++) {
        int length = snprintf(text, size, "%d", i);
        g_autoptr(FulcraRepresentation) message = NULL;

        text[length] = '.';
        message = fulcra_representation_new_bytes(FULCRA_TYPE_TEXT, text, size);
        for (unsigned j = 0; j < members->len; j++)
            fulcra_socket_send(g_ptr_array_index(members, j), message, NULL);
    }
    pthread_mutex_unlock(&lock);
    return fulcra_representation_new_int(n);
}

static void
socket_unref(void *socket)
{
    fulcra_socket_unref(socket);
}

static const FulcraEndpointOps topic_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = topic_new,
    .sink = echo_sink,
    .delete_resource = topic_delete };
static const FulcraEndpointOps publish_ops = { .size = sizeof(
                                                       FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = publish_source };

/* --- /audience/RUN/NAME: subscribed to the topic NAME. A message M of one
 * becomes M.a to the topic, M.b to the one, M.c to the topic. Everyone on
 * `numbers` hears what res:/announce/N/SIZE counts. --- */

static atomic_int n_announced; /* in all */

static FulcraTopic *
open_topic(FulcraRequest *request, const char *name, GError **error)
{
    g_autofree char *key = g_strconcat("test:", name, NULL);

    return fulcra_topic_open(request, key, 100, error);
}

static FulcraRepresentation *
audience_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraTopic) topic =
            open_topic(request, argument(request, "name"), error);

    if (topic != NULL &&
            fulcra_topic_subscribe(topic, primary_socket(request), error))
        fulcra_topic_subscribe(topic, primary_socket(request), error);
    return NULL;
}

static void
publish_text(FulcraTopic *topic, const char *text, const char *end)
{
    g_autoptr(FulcraRepresentation) message = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s%s", text, end);

    fulcra_topic_publish(topic, message);
}

static FulcraRepresentation *
audience_sink(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    g_autoptr(FulcraTopic) topic =
            open_topic(request, argument(request, "name"), error);
    g_autofree char *direct = g_strconcat(text, ".b", NULL);

    if (strcmp(text, "leave") == 0) {
        fulcra_topic_unsubscribe(topic, fulcra_request_get_socket(request));
        reply(request, "left", error);
        return NULL;
    }
    publish_text(topic, text, ".a");
    reply(request, direct, error);
    publish_text(topic, text, ".c");
    return NULL;
}

static FulcraRepresentation *
announce_source(FulcraRequest *request, GError **error)
{
    int n = atoi(argument(request, "n"));
    size_t size = (size_t)atoi(argument(request, "size"));
    g_autofree char *fill = g_strnfill(size, '.');
    g_autoptr(FulcraTopic) topic = open_topic(request, "numbers", error);

    for (int i = 0; i < n; i++) {
        char number[16];
        int length = snprintf(number, sizeof(number), "%d",
                atomic_fetch_add(&n_announced, 1));

        publish_text(topic, number,
                fill + MIN(size, (size_t)length)); /* of @size bytes in all */
    }
    return fulcra_representation_new_int(n);
}

#define AUDIENCE_OPS(NAME, RUN)                                                \
    static const FulcraEndpointOps NAME = { .size = sizeof(FulcraEndpointOps), \
        .run = RUN,                                                            \
        .new_resource = audience_new,                                          \
        .sink = audience_sink,                                                 \
        .delete_resource = log_delete }
AUDIENCE_OPS(audience_inline_ops, FULCRA_RUN_INLINE);
AUDIENCE_OPS(audience_serial_ops, FULCRA_RUN_SERIAL);
AUDIENCE_OPS(audience_concurrent_ops, FULCRA_RUN_CONCURRENT);
static const FulcraEndpointOps announce_ops = { .size = sizeof(
                                                        FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = announce_source };

/* --- by socket id --- */

static FulcraRepresentation *
find_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text("found you");
    FulcraSocket *socket = fulcra_socket_find(request, argument(request, "id"));
    bool sent;

    if (socket == NULL)
        return fulcra_representation_new_text("nobody");
    sent = fulcra_socket_send(socket, message, error);
    fulcra_socket_unref(socket);
    return sent ? fulcra_representation_new_text("sent") : NULL;
}

static const FulcraEndpointOps find_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = find_source };

/* --- /row/NAME: serial; each message says what is to be done with it. Who
 * comes to a gate waits until res:/open/N has let N through. --- */

static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int n_opened; /* guarded by lock; INT_MAX / 2: for good */

static FulcraRepresentation *
gate_source(FulcraRequest *request, GError **error)
{
    pthread_mutex_lock(&lock);
    while (n_opened == 0)
        pthread_cond_wait(&opened, &lock);
    n_opened--;
    pthread_mutex_unlock(&lock);
    return fulcra_representation_new_text("open");
}

static void
open_gate(int n)
{
    pthread_mutex_lock(&lock);
    n_opened += n;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&lock);
}

static FulcraRepresentation *
open_source(FulcraRequest *request, GError **error)
{
    open_gate(atoi(argument(request, "n")));
    return NULL;
}

/* "TEXT GENERATION": which space's endpoint it is. */
static FulcraRepresentation *
row_sink(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    g_autofree char *what = g_strdup_printf(
            "%s %s", text, (const char *)fulcra_request_get_data(request));

    log_event(request, "SINK", what);
    if (strcmp(text, "gate") == 0)
        fulcra_representation_unref(gate_source(request, error));
    else if (strcmp(text, "ask") == 0) /* gives the domain up meanwhile */
        fulcra_representation_unref(fulcra_request_source(
                request, FULCRA_ID("res:/gate"), NULL, error));
    else if (strcmp(text, "fail") == 0)
        return fail_sink(request, error);
    else if (strcmp(text, "defer") == 0)
        return defer_sink(request, error);
    else if (strcmp(text, "leave") == 0)
        fulcra_socket_disconnect(
                fulcra_request_get_socket(request), 4002, "left", error);
    return echo_sink(request, error);
}

SINK_OPS(row_ops, FULCRA_RUN_SERIAL, row_sink);
static const FulcraEndpointOps gate_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = gate_source };
static const FulcraEndpointOps open_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = open_source };

/* --- /crawl: inline, and takes its time; answers how many were answered ---
 */

static FulcraRepresentation *
crawl_sink(FulcraRequest *request, GError **error)
{
    static atomic_int n;
    g_autofree char *count = g_strdup_printf("%d", atomic_fetch_add(&n, 1) + 1);

    g_usleep(5000);
    reply(request, count, error);
    return NULL;
}

SINK_OPS(crawl_ops, FULCRA_RUN_INLINE, crawl_sink);

/* --- res:/publish-again, res:/publish-next, res:/withdraw: the front with what
 * can be withdrawn, with another generation of it, and without --- */

static FulcraSpace *fronts[3];

static FulcraRepresentation *
publish_again_source(FulcraRequest *request, GError **error)
{
    const char *id = fulcra_request_get_endpoint_id(request);
    int which = strcmp(id, "res:/publish-again") == 0  ? 0
                : strcmp(id, "res:/publish-next") == 0 ? 1
                                                       : 2;

    fulcra_host_kernel_publish(
            fulcra_host_request_get_kernel(request), &fronts[which], 1, NULL);
    return NULL;
}

static const FulcraEndpointOps publish_again_ops = { .size = sizeof(
                                                             FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = publish_again_source };

/* --- counters --- */

static FulcraRepresentation *
stats_source(FulcraRequest *request, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < FULCRA_N_STATS; i++)
        g_string_append_printf(text, "%s %" G_GINT64_FORMAT "\n",
                fulcra_host_stats_name((FulcraStat)i),
                fulcra_host_stats_get((FulcraStat)i));
    return fulcra_representation_new_text(text->str);
}

static const FulcraEndpointOps stats_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = stats_source };

/* --- the program --- */

static const struct {
    const char *grammar;
    const FulcraEndpointOps *ops;
} endpoints[] = {
    { "ws:/swap/{name}", &log_ops }, /* the first N_WITHDRAWN can be */
    { "ws:/row/{name}", &row_ops },
    { "ws:/echo/inline", &echo_inline_ops },
    { "ws:/echo/serial", &echo_serial_ops },
    { "ws:/echo/concurrent", &echo_concurrent_ops },
    { "ws:/log/{name}", &log_ops },
    { "ws:/code/{code}", &code_ops },
    { "ws:/error/{code}", &error_ops },
    { "ws:/id/{id}", &id_ops },
    { "ws:/protocol/{choice}", &protocol_ops },
    { "ws:/sleep/{ms}/{name}", &sleep_ops },
    { "ws:/leave/{name}", &leave_ops },
    { "ws:/say/{name}", &say_ops },
    { "ws:/fail/{name}", &fail_ops },
    { "ws:/defer/{name}", &defer_ops },
    { "ws:/hang/{name}", &hang_ops },
    { "ws:/values", &values_ops },
    { "ws:/topic", &topic_ops },
    { "res:/publish/{n}/{size}", &publish_ops },
    { "ws:/audience/inline/{name}", &audience_inline_ops },
    { "ws:/audience/serial/{name}", &audience_serial_ops },
    { "ws:/audience/concurrent/{name}", &audience_concurrent_ops },
    { "res:/announce/{n}/{size}", &announce_ops },
    { "res:/release", &release_ops },
    { "res:/find/{id}", &find_ops },
    { "res:/events", &events_ops },
    { "ws:/crawl", &crawl_ops },
    { "res:/gate", &gate_ops },
    { "res:/open/{n}", &open_ops },
    { "res:/publish-again", &publish_again_ops },
    { "res:/publish-next", &publish_again_ops },
    { "res:/withdraw", &publish_again_ops },
    { "res:/stats", &stats_ops },
};

#define N_WITHDRAWN 2

static FulcraSpace *
make_space(FulcraDomain *domain, size_t first, const char *generation)
{
    FulcraSpace *space = fulcra_host_space_new(FRONT);

    for (size_t i = first; i < G_N_ELEMENTS(endpoints); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraEndpoint) endpoint =
                fulcra_host_endpoint_new(endpoints[i].grammar, endpoints[i].ops,
                        (void *)generation, domain);

        fulcra_host_space_bind(space, endpoints[i].grammar, FULCRA_VERBS_ALL,
                FULCRA_ENTRY_PUBLIC, endpoint, &error);
        g_assert_no_error(error);
    }
    fulcra_host_space_import(
            space, "urn:fulcra:playground", FULCRA_ENTRY_PUBLIC);
    return fulcra_host_space_seal(space);
}

static void
set_limit(FulcraWebSocketLimits *limits, FulcraKernelLimits *kernel,
        const char *option)
{
    const char *value = strchr(option, '=') + 1;
    unsigned number = (unsigned)atol(value);

    if (g_str_has_prefix(option, "timeout="))
        kernel->timeout_ms = number;
    else if (g_str_has_prefix(option, "message="))
        limits->message = number;
    else if (g_str_has_prefix(option, "queue="))
        limits->queue = number;
    else if (g_str_has_prefix(option, "outbound="))
        limits->outbound = number;
    else if (g_str_has_prefix(option, "slow="))
        limits->slow = (FulcraSlowPolicy)number;
    else if (g_str_has_prefix(option, "sockets="))
        limits->sockets = number;
    else if (g_str_has_prefix(option, "rate="))
        limits->messages_per_second = number;
    else if (g_str_has_prefix(option, "error="))
        limits->close_on_error = number != 0;
    else if (g_str_has_prefix(option, "handshake="))
        limits->handshake_ms = number;
    else if (g_str_has_prefix(option, "ping="))
        limits->ping_ms = number;
    else if (g_str_has_prefix(option, "closing="))
        limits->closing_ms = number;
    else if (g_str_has_prefix(option, "stop="))
        limits->stop_ms = number;
    else if (g_str_has_prefix(option, "inbound-total="))
        limits->inbound_total = number;
    else if (g_str_has_prefix(option, "outbound-total="))
        limits->outbound_total = number;
    else if (g_str_has_prefix(option, "deflate="))
        limits->deflate = number != 0;
    else if (g_str_has_prefix(option, "deflate-window="))
        limits->deflate_window = number;
    else if (g_str_has_prefix(option, "deflate-least="))
        limits->deflate_least = number;
    else
        g_error("unknown limit: %s", option);
}

/* GLib's own writer asks for the local time, which races inside libc. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n, void *data)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            fprintf(stderr, "%s\n", (const char *)fields[i].value);
    return G_LOG_WRITER_HANDLED;
}

static void
report(void)
{
    g_autoptr(FulcraRepresentation) text = stats_source(NULL, NULL);

    fputs(fulcra_representation_get_text(text), stderr);
}

int
main(int argc, char **argv)
{
    unsigned n_loops = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    FulcraLoop *loops[MAX_LOOPS];
    const FulcraHttpListener listener = { "127.0.0.1", 0, FRONT };
    const FulcraHttpOptions options = { .limits = FULCRA_HTTP_LIMITS_DEFAULT,
        .server = "ws-host" };
    FulcraWebSocketLimits limits = FULCRA_WEBSOCKET_LIMITS_DEFAULT;
    FulcraKernelLimits kernel_limits = FULCRA_KERNEL_LIMITS_DEFAULT;
    g_autoptr(GError) error = NULL;
    sigset_t ends;
    int signal_number;

    g_assert(n_loops >= 1 && n_loops <= MAX_LOOPS);
    g_log_set_writer_func(write_log, NULL, NULL);
    for (int i = 2; i < argc; i++)
        set_limit(&limits, &kernel_limits, argv[i]);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    waiting = g_ptr_array_new();
    members = g_ptr_array_new_with_free_func(socket_unref);
    events = g_string_new(NULL);
    FulcraKernel *kernel = fulcra_host_kernel_new(&kernel_limits);
    FulcraDomain *domain = fulcra_host_domain_new(kernel, "host");
    for (unsigned i = 0; i < n_loops; i++) {
        loops[i] = fulcra_loop_new(kernel, i, &error);
        g_assert_no_error(error);
    }
    FulcraHttpServer *server = fulcra_http_server_new(
            kernel, loops, n_loops, &listener, 1, &options, &error);
    g_assert_no_error(error);
    FulcraWebSockets *sockets =
            fulcra_websockets_new(kernel, loops, n_loops, &limits, true);
    fulcra_http_server_set_upgrade_hook(
            server, fulcra_websockets_get_hook(sockets));
    fronts[0] = make_space(domain, 0, "1");
    fronts[1] = make_space(domain, 0, "2");
    fronts[2] = make_space(domain, N_WITHDRAWN, "3");
    FulcraSpace *spaces[] = { fronts[0],
        fulcra_websockets_get_strip_space(sockets) };
    fulcra_host_kernel_publish(kernel, spaces, 2, NULL);
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_start(loops[i]);
    fulcra_http_server_start(server);
    printf("listening on http://127.0.0.1:%u\n",
            fulcra_http_server_get_port(server, 0));
    fflush(stdout);

    sigwait(&ends, &signal_number);
    open_gate(INT_MAX / 2);
    fulcra_websockets_stop(sockets);
    fulcra_http_server_stop(server);
    fulcra_representation_unref(release_source(NULL, NULL));
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_stop(loops[i]);
    fulcra_websockets_free(sockets);
    g_ptr_array_unref(members);
    fulcra_host_kernel_free(kernel);
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_free(loops[i]);
    fulcra_http_server_free(server);
    for (size_t i = 0; i < G_N_ELEMENTS(fronts); i++)
        fulcra_host_space_unref(fronts[i]);
    fulcra_host_domain_unref(domain);
    g_ptr_array_unref(waiting);
    g_string_free(events, TRUE);
    report();
    return 0;
}
