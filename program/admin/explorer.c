/* SPDX-License-Identifier: MIT */

/*
 * explorer.c - who may use the explorer
 *
 * The page is the module urn:fulcra:module:explorer. Its gatekeeper asks
 * explorer:/admitted for each request: the token must have come as a cookie,
 * and Host and Origin must be those of the listener, so that no other page can
 * speak in the name of the browser's user. explorer:/enter takes the token from
 * the address that was printed and makes the cookie.
 */

#include "explorer.h"
#include "layer.h"
#include "program/listen.h"

#include <fulcra-host/space.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>
#include <string.h>
#include <sys/random.h>

#define SPACE_EXPLORER  "urn:fulcra:module:explorer"
#define DEFAULT_LISTEN  "127.0.0.1:0"
#define TOKEN_BYTES     16
#define MAX_CONNECTIONS 256
#define COOKIE          "fulcra_explorer"

struct _FulcraExplorer {
    char *address;
    char *token;          /* hexadecimal */
    char *origin;         /* "http://127.0.0.1:4321" */
    FulcraContext *layer; /* explorer:, and admin: behind it */
    FulcraHttpServer *http;
    bool runs;
};

/* --- who may --- */

/* Takes as long for a wrong token as for the right one. */
static bool
is_token(const FulcraExplorer *self, const char *given)
{
    unsigned char differs = 0;

    if (given == NULL || strlen(given) != 2 * TOKEN_BYTES)
        return false;
    for (size_t i = 0; i < 2 * TOKEN_BYTES; i++)
        differs |= (unsigned char)(given[i] ^ self->token[i]);
    return differs == 0;
}

/* (transfer full) (nullable): NULL where there is none */
static char *
ask(FulcraRequest *request, FulcraIdentifier *what)
{
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_source(request, what, FULCRA_TYPE_TEXT, NULL);

    return answer == NULL ? NULL
                          : g_strdup(fulcra_representation_get_text(answer));
}

/* "127.0.0.1:8080": by a name of its own alone can loopback be meant. */
static bool
is_own_host(const FulcraExplorer *self, const char *host)
{
    const char *colon = host == NULL ? NULL : strrchr(host, ':');

    if (colon == NULL)
        return false;
    g_autofree char *name = g_strndup(host, (size_t)(colon - host));
    g_autofree char *bracketed = g_strdup_printf("[%s]", self->address);
    return strcmp(name, self->address) == 0 || strcmp(name, bracketed) == 0 ||
           g_ascii_strcasecmp(name, "localhost") == 0;
}

static bool
is_own_origin(const char *origin, const char *host)
{
    return origin == NULL || (g_str_has_prefix(origin, "http://") &&
                                     strcmp(origin + 7, host) == 0);
}

static bool
may_enter(FulcraRequest *request, const FulcraExplorer *self)
{
    g_autofree char *host = ask(request, FULCRA_ID("httpRequest:/header/Host"));
    g_autofree char *origin =
            ask(request, FULCRA_ID("httpRequest:/header/Origin"));

    return is_own_host(self, host) && is_own_origin(origin, host);
}

static FulcraRepresentation *
never_kept(FulcraRepresentation *answer /* (transfer full) */)
{
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
admitted_source(FulcraRequest *request, GError **error)
{
    const FulcraExplorer *self = fulcra_request_get_data(request);
    g_autofree char *token =
            ask(request, FULCRA_ID("httpRequest:/cookie/" COOKIE));

    return never_kept(fulcra_representation_new_bool(
            is_token(self, token) && may_enter(request, self)));
}

/* --- the way in --- */

static FulcraRepresentation *
enter_source(FulcraRequest *request, GError **error)
{
    const FulcraExplorer *self = fulcra_request_get_data(request);
    g_autofree char *token =
            ask(request, FULCRA_ID("httpRequest:/param/token"));

    if (!is_token(self, token) || !may_enter(request, self)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
                "the explorer is open to who has the address that the server "
                "printed when it started, token and all");
        return NULL;
    }
    g_autofree char *cookie = g_strdup_printf(
            COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict", self->token);
    FulcraRepresentation *answer = fulcra_representation_with_header(
            fulcra_representation_new_text("come in\n"), "httpResponse:/cookie",
            cookie);
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Location", "/");
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Referrer-Policy", "no-referrer");
    return never_kept(fulcra_representation_with_header(
            answer, "httpResponse:/code", "303"));
}

/* --- its layer --- */

static void
bind(FulcraSpace *space, const char *grammar, const FulcraEndpointOps *ops,
        FulcraExplorer *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(grammar, ops, self, NULL);

    if (!fulcra_host_space_bind(space, grammar, 1u << FULCRA_VERB_SOURCE,
                FULCRA_ENTRY_PUBLIC, endpoint, &error))
        g_error("%s", error->message);
}

static FulcraSpace *
make_space(FulcraExplorer *self)
{
    static const FulcraEndpointOps admitted = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .source = admitted_source,
    };
    static const FulcraEndpointOps enter = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .source = enter_source,
    };
    FulcraSpace *space = fulcra_host_space_new("explorer");

    bind(space, "explorer:/admitted", &admitted, self);
    bind(space, "explorer:/enter", &enter, self);
    return fulcra_host_space_seal(space);
}

/* --- life --- */

static char *
make_token(void)
{
    unsigned char bytes[TOKEN_BYTES];
    GString *text = g_string_new(NULL);

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        g_error("no random bytes from the system");
    for (size_t i = 0; i < sizeof(bytes); i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

bool
fulcra_explorer_is_wanted(const FulcraSettings *settings)
{
    const char *set =
            fulcra_settings_get_text(settings, FULCRA_SETTING_EXPLORER);

    if (strcmp(set, "auto") == 0)
        return fulcra_settings_get_bool(settings, FULCRA_SETTING_PLAYGROUND);
    return strcmp(set, "off") != 0;
}

static FulcraHttpServer *
listen_at(FulcraExplorer *self, FulcraKernel *kernel, uint16_t port,
        FulcraLoop *const *loops, size_t n_loops, GError **error)
{
    FulcraHttpListener listener = {
        .address = self->address,
        .port = port,
        .front = SPACE_EXPLORER,
        .context = self->layer,
    };
    FulcraHttpOptions options = {
        .limits = FULCRA_HTTP_LIMITS_DEFAULT,
        .origin = { .mode = FULCRA_HTTP_ORIGIN_SAME },
    };

    options.limits.connections = MAX_CONNECTIONS;
    return fulcra_http_server_new(
            kernel, loops, n_loops, &listener, 1, &options, error);
}

FulcraExplorer *
fulcra_explorer_new(FulcraKernel *kernel, const FulcraSettings *settings,
        FulcraContext *admin, const FulcraHttpUpgradeHook *hook,
        FulcraLoop *const *loops, size_t n_loops, GError **error)
{
    const char *set =
            fulcra_settings_get_text(settings, FULCRA_SETTING_EXPLORER);
    FulcraExplorer *self = g_new0(FulcraExplorer, 1);
    uint16_t port;
    bool parsed =
            fulcra_listen_parse(strcmp(set, "auto") == 0 ? DEFAULT_LISTEN : set,
                    &self->address, &port);

    g_assert(parsed); /* the settings have been checked */
    self->token = make_token();
    self->layer = fulcra_admin_layer_new("explorer", make_space(self), admin);
    self->http = listen_at(self, kernel, port, loops, n_loops, error);
    if (self->http == NULL) {
        fulcra_explorer_free(self);
        return NULL;
    }
    fulcra_http_server_set_upgrade_hook(self->http, hook);
    self->origin = fulcra_http_server_get_url(self->http, 0);
    return self;
}

void
fulcra_explorer_start(FulcraExplorer *self)
{
    fulcra_http_server_start(self->http);
    self->runs = true;
}

void
fulcra_explorer_stop(FulcraExplorer *self)
{
    if (self != NULL && self->runs)
        fulcra_http_server_stop(self->http);
    if (self != NULL)
        self->runs = false;
}

void
fulcra_explorer_free(FulcraExplorer *self)
{
    if (self == NULL)
        return;
    fulcra_explorer_stop(self);
    g_clear_pointer(&self->http, fulcra_http_server_free);
    fulcra_host_context_unref(self->layer);
    g_free(self->address);
    g_free(self->token);
    g_free(self->origin);
    g_free(self);
}

const char *
fulcra_explorer_get_origin(FulcraExplorer *self)
{
    return self->origin;
}

char *
fulcra_explorer_get_url(FulcraExplorer *self)
{
    return g_strdup_printf("%s/enter?token=%s", self->origin, self->token);
}
