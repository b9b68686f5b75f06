/* SPDX-License-Identifier: MIT */

/*
 * http-host - the HTTP transport with endpoints made for its tests
 *
 * `http-host LOOPS [strangers]` serves on a port of its own choice until it
 * gets SIGTERM, then takes everything apart, so that a sanitizer can look.
 * HTTP_HOST_SECONDS, _REQUEST_SECONDS, _CONNECTIONS and _EXCHANGE_MS set
 * limits.
 */

#include "http/exchange.h"
#include "http/server.h"

#include <fcntl.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRONT     "urn:test:front"
#define MAX_LOOPS 4

/* --- endpoints of each run kind --- */

static FulcraRepresentation *
hello_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "Hello, %s",
            fulcra_request_get_argument(request, "name"));
}

static const FulcraEndpointOps inline_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = hello_source };
static const FulcraEndpointOps serial_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .source = hello_source };
static const FulcraEndpointOps concurrent_ops = { .size = sizeof(
                                                          FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = hello_source };

/* --- answered when somebody says so --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *waiting; /* guarded by lock */

static FulcraRepresentation *
later_source(FulcraRequest *request, GError **error)
{
    pthread_mutex_lock(&lock);
    g_ptr_array_add(waiting, request);
    pthread_mutex_unlock(&lock);
    return fulcra_request_defer(request);
}

static FulcraRepresentation *
release_source(FulcraRequest *request, GError **error)
{
    pthread_mutex_lock(&lock);
    g_autoptr(GPtrArray) released = g_steal_pointer(&waiting);
    waiting = g_ptr_array_new();
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; i < released->len; i++)
        fulcra_request_respond(
                released->pdata[i], fulcra_representation_new_text("released"));
    return fulcra_representation_new_int(released->len);
}

/* How many are waited for; cancelled ones are not. */
static FulcraRepresentation *
waiting_source(FulcraRequest *request, GError **error)
{
    int64_t n = 0;

    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < waiting->len; i++)
        n += !fulcra_request_is_cancelled(waiting->pdata[i]);
    pthread_mutex_unlock(&lock);
    return fulcra_representation_new_int(n);
}

static const FulcraEndpointOps later_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = later_source };
static const FulcraEndpointOps release_ops = { .size = sizeof(
                                                       FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = release_source };
static const FulcraEndpointOps waiting_ops = { .size = sizeof(
                                                       FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = waiting_source };

/* --- httpRequest:/ and httpResponse:/ from outside --- */

static FulcraIdentifier *
named(const FulcraGrammar *grammar, FulcraRequest *request, GError **error)
{
    const FulcraSlot slot = fulcra_slot_text(
            "what", fulcra_request_get_argument(request, "what"));

    return fulcra_identifier_build(grammar, &slot, 1, error);
}

static FulcraRepresentation *
about_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            named(FULCRA_GRAMMAR("httpRequest:/{what*}"), request, error);

    return identifier == NULL
                   ? NULL
                   : fulcra_request_source(request, identifier, NULL, error);
}

static FulcraRepresentation *
has_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            named(FULCRA_GRAMMAR("httpRequest:/{what*}"), request, error);
    g_autoptr(FulcraRequest) exists =
            fulcra_request_new(request, FULCRA_VERB_EXISTS, identifier);

    return fulcra_request_issue(exists, error);
}

/* POST /reply/header/X-Test with the value as its body */
static FulcraRepresentation *
reply_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            named(FULCRA_GRAMMAR("httpResponse:/{what*}"), request, error);
    size_t length;
    const void *text = fulcra_representation_get_bytes(
            fulcra_request_get_primary(request), &length);
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_bytes(FULCRA_TYPE_TEXT, text, length);

    if (identifier == NULL ||
            !fulcra_request_sink(request, identifier, value, error))
        return NULL;
    return fulcra_representation_new_text("said");
}

/* GET /stated/NAME?value: as a header on the answer */
static FulcraRepresentation *
stated_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) value = fulcra_request_source(request,
            FULCRA_ID("httpRequest:/param/value"), FULCRA_TYPE_TEXT, error);

    if (value == NULL)
        return NULL;
    g_autofree char *name = g_strconcat("httpResponse:/",
            fulcra_request_get_argument(request, "what"), NULL);
    return fulcra_representation_with_header(
            fulcra_representation_new_text("stated"), name,
            fulcra_representation_get_text(value));
}

static FulcraRepresentation *
body_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("httpRequest:/body"), NULL, error);
}

#define OPS(name, member)                                                      \
    static const FulcraEndpointOps name##_ops = {                              \
        .size = sizeof(FulcraEndpointOps),                                     \
        .run = FULCRA_RUN_CONCURRENT,                                          \
        .source = member,                                                      \
    }
OPS(about, about_source);
OPS(has, has_source);
OPS(reply, reply_source);
OPS(stated, stated_source);
OPS(body, body_source);

/* --- verbs --- */

static FulcraRepresentation *
thing_sink(FulcraRequest *request, GError **error)
{
    if (fulcra_request_get_primary(request) == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT, "nothing");
    return NULL;
}

static FulcraRepresentation *
thing_new(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_text("res:/thing/a%2Bb");
}

static FulcraRepresentation *
thing_delete(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_bool(
            strcmp(fulcra_request_get_argument(request, "id"), "none") != 0);
}

static const FulcraEndpointOps thing_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .sink = thing_sink,
    .delete_resource = thing_delete };
static const FulcraEndpointOps things_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = thing_new };

/* A plain page where a socket is answered, so that both can be asked for. */
static FulcraRepresentation *
socket_new(FulcraRequest *request, GError **error)
{
    return NULL;
}

static const FulcraEndpointOps socket_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = socket_new };

/* --- types, expiry, errors --- */

static FulcraRepresentation *
typed_source(FulcraRequest *request, GError **error)
{
    const char *type = fulcra_request_get_argument(request, "type");
    const char *const strings[] = { "a", "b\"", NULL };

    if (strcmp(type, "json") == 0)
        return fulcra_representation_new_json(
                json_from_string("{\"a\":[1,\"<b>\"]}", NULL));
    if (strcmp(type, "strings") == 0)
        return fulcra_representation_new_strings(strings);
    if (strcmp(type, "bool") == 0)
        return fulcra_representation_new_bool(true);
    if (strcmp(type, "int") == 0)
        return fulcra_representation_new_int(-7);
    if (strcmp(type, "price") == 0)
        return fulcra_representation_with_header(
                fulcra_representation_new_boxed(
                        "price", g_strdup("3.50"), g_free),
                "httpResponse:/header/X-Currency", "EUR");
    if (strcmp(type, "boxed") == 0)
        return fulcra_representation_new_boxed("odd", &lock, NULL);
    if (strcmp(type, "empty") == 0)
        return fulcra_representation_new_text("");
    if (strcmp(type, "none") == 0)
        return NULL;
    if (strcmp(type, "large") == 0)
        return fulcra_representation_new_take(
                FULCRA_TYPE_BYTES, g_malloc0(5000001), 5000000, g_free);
    return fulcra_representation_new_printf(FULCRA_TYPE_HTML, "<p>%s", type);
}

static FulcraRepresentation *
expiry_source(FulcraRequest *request, GError **error)
{
    const char *which = fulcra_request_get_argument(request, "which");
    FulcraExpiry expiry = FULCRA_EXPIRY_DEPENDENT;

    if (strcmp(which, "always") == 0)
        expiry = FULCRA_EXPIRY_ALWAYS;
    else if (strcmp(which, "never") == 0)
        expiry = FULCRA_EXPIRY_NEVER;
    else if (strcmp(which, "at") == 0)
        expiry = FULCRA_EXPIRY_AT;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_text(which), expiry,
            g_get_real_time() + G_USEC_PER_SEC * 60);
}

static FulcraRepresentation *
fail_source(FulcraRequest *request, GError **error)
{
    const char *id = fulcra_request_get_argument(request, "id");

    for (int code = 0; code < FULCRA_N_ERRORS; code++)
        if (strcmp(fulcra_error_id((FulcraErrorCode)code), id) == 0)
            g_set_error(error, FULCRA_ERROR, code, "secret <%s>", id);
    return NULL;
}

static FulcraRepresentation *
price_transrept(FulcraRequest *request, GError **error)
{
    const char *price = fulcra_representation_get_boxed(
            fulcra_request_get_primary(request), "price");

    return fulcra_representation_new_printf(
            FULCRA_TYPE_JSON_TEXT, "{\"price\":%s}", price);
}

static const FulcraEndpointOps price_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .transrept = price_transrept,
};

OPS(typed, typed_source);
OPS(expiry, expiry_source);
OPS(fail, fail_source);

/* --- what became of upgrades --- */

static atomic_uint n_gone, n_upgraded, n_lost;

static FulcraRepresentation *
count_source(FulcraRequest *request, GError **error)
{
    const char *what = fulcra_request_get_argument(request, "what");

    return fulcra_representation_new_int(strcmp(what, "gone") == 0 ? n_gone
                                         : strcmp(what, "lost") == 0
                                                 ? n_lost
                                                 : n_upgraded);
}

OPS(count, count_source);

static const struct {
    const char *grammar;
    const FulcraEndpointOps *ops;
} endpoints[] = {
    { "res:/count/{what}", &count_ops },
    { "res:/inline/{name*}", &inline_ops },
    { "res:/serial/{name*}", &serial_ops },
    { "res:/concurrent/{name*}", &concurrent_ops },
    { "res:/later", &later_ops },
    { "res:/release", &release_ops },
    { "res:/waiting", &waiting_ops },
    { "res:/about/{what*}", &about_ops },
    { "res:/has/{what*}", &has_ops },
    { "res:/reply/{what*}", &reply_ops },
    { "res:/stated/{what*}", &stated_ops },
    { "res:/body", &body_ops },
    { "res:/things", &things_ops },
    { "res:/thing/{id}", &thing_ops },
    { "res:/typed/{type}", &typed_ops },
    { "res:/expiry/{which}", &expiry_ops },
    { "res:/fail/{id}", &fail_ops },
    { "ws:/socket", &socket_ops },
};

/* --- upgrades --- */

static FulcraHttpExchange *held; /* tests that hold one have one loop */

/* Says whether the system sends small writes at once. */
static const char *
delay_of(int fd)
{
    int at_once = 0;
    socklen_t size = sizeof at_once;

    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &size);
    return at_once ? "at once" : "delayed";
}

/* Sends back what came early, says so, and closes. */
static void
on_upgraded(int fd, const uint8_t *early, size_t n_early, void *data)
{
    char text[64];

    g_assert_true(fd < 0 || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);

    if (fd < 0) {
        n_lost++;
        return;
    }
    n_upgraded++;
    int length = snprintf(
            text, sizeof text, "%s, early %zu ", delay_of(fd), n_early);
    if (write(fd, text, (size_t)length) < 0 ||
            (n_early > 0 && write(fd, early, n_early) < 0))
        n_lost++;
    close(fd);
}

static void
on_gone(void *data)
{
    n_gone++;
    held = NULL;
}

static void
on_open(FulcraHttpExchange *exchange, void *data)
{
    FulcraHttpHead *head = fulcra_http_exchange_get_head(exchange);
    const char *path = fulcra_http_head_get_path(head);

    g_assert_cmpstr(fulcra_http_exchange_get_front(exchange), ==, FRONT);
    if (g_str_has_prefix(path, "/refuse")) {
        fulcra_http_exchange_add_header(exchange, "Retry-After", "9");
        fulcra_http_exchange_refuse(exchange, 429, "not so fast", NULL);
    } else if (strcmp(path, "/hold") == 0) {
        held = exchange;
        fulcra_http_exchange_on_gone(exchange, on_gone, NULL);
    } else if (strcmp(path, "/unhold") == 0 && held != NULL) {
        fulcra_http_exchange_upgrade(g_steal_pointer(&held), on_upgraded, NULL);
        fulcra_http_exchange_upgrade(exchange, on_upgraded, NULL);
    } else {
        g_assert_false(fulcra_http_exchange_add_header(
                exchange, "X-Evil", "a\r\nb: c"));
        fulcra_http_exchange_add_header(exchange, "X-Header", "yes");
        fulcra_http_exchange_upgrade(exchange, on_upgraded, NULL);
    }
}

/* --- the program --- */

static FulcraSpace *
make_space(FulcraDomain *domain)
{
    FulcraSpace *space = fulcra_host_space_new(FRONT);

    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
                endpoints[i].grammar, endpoints[i].ops, NULL, domain);

        fulcra_host_space_bind(space, endpoints[i].grammar, FULCRA_VERBS_ALL,
                FULCRA_ENTRY_PUBLIC, endpoint, &error);
        g_assert_no_error(error);
    }
    g_autoptr(FulcraEndpoint) price =
            fulcra_host_endpoint_new("price", &price_ops, NULL, domain);
    fulcra_host_space_add_transreptor(
            space, "price", FULCRA_TYPE_JSON_TEXT, price);
    return fulcra_host_space_seal(space);
}

static void
report(void)
{
    for (int i = 0; i < FULCRA_N_STATS; i++)
        if (fulcra_host_stats_get((FulcraStat)i) != 0)
            fprintf(stderr, "%s %" G_GINT64_FORMAT "\n",
                    fulcra_host_stats_name((FulcraStat)i),
                    fulcra_host_stats_get((FulcraStat)i));
}

int
main(int argc, char **argv)
{
    unsigned n_loops = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    FulcraLoop *loops[MAX_LOOPS];
    const FulcraHttpListener listener = { "127.0.0.1", 0, FRONT };
    FulcraHttpOptions options = { .limits = FULCRA_HTTP_LIMITS_DEFAULT,
        .playground = argc < 3,
        .server = "http-host" };
    const FulcraHttpUpgradeHook hook = { on_open, NULL };
    g_autoptr(GError) error = NULL;
    sigset_t ends;
    int signal_number;

    if (getenv("HTTP_HOST_SECONDS") != NULL)
        options.limits.connection_seconds =
                (unsigned)atoi(getenv("HTTP_HOST_SECONDS"));
    if (getenv("HTTP_HOST_REQUEST_SECONDS") != NULL)
        options.limits.request_seconds =
                (unsigned)atoi(getenv("HTTP_HOST_REQUEST_SECONDS"));
    if (getenv("HTTP_HOST_CONNECTIONS") != NULL)
        options.limits.connections =
                (unsigned)atoi(getenv("HTTP_HOST_CONNECTIONS"));
    if (getenv("HTTP_HOST_EXCHANGE_MS") != NULL)
        options.limits.exchange_ms =
                (unsigned)atoi(getenv("HTTP_HOST_EXCHANGE_MS"));
    g_assert(n_loops >= 1 && n_loops <= MAX_LOOPS);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    waiting = g_ptr_array_new();
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.cache_bytes = 0; /* each request is to reach its endpoint */
    FulcraKernel *kernel = fulcra_host_kernel_new(&limits);
    FulcraDomain *domain = fulcra_host_domain_new(kernel, "host");
    FulcraSpace *space = make_space(domain);
    fulcra_host_kernel_publish(kernel, &space, 1, NULL);
    for (unsigned i = 0; i < n_loops; i++) {
        loops[i] = fulcra_loop_new(kernel, i, &error);
        g_assert_no_error(error);
    }
    FulcraHttpServer *server = fulcra_http_server_new(
            kernel, loops, n_loops, &listener, 1, &options, &error);
    g_assert_no_error(error);
    fulcra_http_server_set_upgrade_hook(server, &hook);
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_start(loops[i]);
    fulcra_http_server_start(server);
    printf("listening on http://127.0.0.1:%u\n",
            fulcra_http_server_get_port(server, 0));
    fflush(stdout);

    sigwait(&ends, &signal_number);
    fulcra_http_server_stop(server);
    fulcra_representation_unref(release_source(NULL, NULL));
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_stop(loops[i]);
    fulcra_host_kernel_free(kernel);
    for (unsigned i = 0; i < n_loops; i++)
        fulcra_loop_free(loops[i]);
    fulcra_http_server_free(server);
    fulcra_host_space_unref(space);
    fulcra_host_domain_unref(domain);
    g_ptr_array_unref(waiting);
    report();
    return 0;
}
