/* SPDX-License-Identifier: MIT */

/*
 * cors.c - the kind "cors": which pages of other origins may read answers
 *
 * As the Fetch standard has it ("CORS protocol"). A preflight arrives as META
 * (the HTTP transport asks META of the overlays in front of what would answer
 * the method that is announced) and is answered here; nothing behind is asked.
 * Any other request goes on, admitted or not: CORS lets scripts read answers,
 * it does not protect what is asked. That is for the transport's own check of
 * origins, which comes first, and for a gatekeeper.
 *
 * The headers are stated through httpResponse:/, before the request goes on:
 * so they stand on failures as well, and answers pass by reference. Where the
 * answer has such headers of its own they give way: there is one policy.
 *
 * WebSockets pass untouched: browsers apply no CORS to them.
 */

#include "spaces/kinds.h"
#include "spaces/origin_list.h"
#include "spaces/source_text.h"
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>

#include <string.h>

#define HEADER(name) "httpResponse:/header/" name

#define ALLOW_ORIGIN      HEADER("Access-Control-Allow-Origin")
#define ALLOW_CREDENTIALS HEADER("Access-Control-Allow-Credentials")
#define ALLOW_METHODS     HEADER("Access-Control-Allow-Methods")
#define ALLOW_HEADERS     HEADER("Access-Control-Allow-Headers")
#define EXPOSE_HEADERS    HEADER("Access-Control-Expose-Headers")
#define MAX_AGE           HEADER("Access-Control-Max-Age")
#define VARY              HEADER("Vary")

typedef struct {
    char **origins; /* NULL: any */
    char *methods, *headers, *expose,
            *max_age; /* (nullable): as they are sent */
    bool credentials;
} Cors;

static void
cors_free(void *data)
{
    Cors *self = data;

    g_strfreev(self->origins);
    g_free(self->methods);
    g_free(self->headers);
    g_free(self->expose);
    g_free(self->max_age);
    g_free(self);
}

/* --- reading the request --- */

/* Whether its answer goes to a browser: what endpoints ask for on the way to an
 * answer has no policy of its own. */
static bool
is_http(FulcraRequest *request, char **method)
{
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);

    if (!fulcra_host_request_is_from_root(request) ||
            strcmp(fulcra_identifier_get_scheme(identifier), "ws") == 0 ||
            fulcra_request_get_socket(request) != NULL)
        return false;
    *method = fulcra__source_text(request, FULCRA_ID("httpRequest:/method"));
    return *method != NULL;
}

static bool
is_preflight(FulcraRequest *request, const char *method, const char *origin)
{
    if (fulcra_request_get_verb(request) != FULCRA_VERB_META ||
            strcmp(method, "OPTIONS") != 0 || origin == NULL)
        return false;

    g_autofree char *announced = fulcra__source_text(request,
            FULCRA_ID("httpRequest:/header/access-control-request-method"));
    return announced != NULL;
}

static bool
admits(Cors *self, const char *origin)
{
    if (origin == NULL)
        return false;
    if (self->origins == NULL)
        return true;
    for (char **pattern = self->origins; *pattern != NULL; pattern++)
        if (fulcra__origin_matches(*pattern, origin))
            return true;
    return false;
}

/* --- preflights --- */

static FulcraRepresentation *
with(FulcraRepresentation *answer, const char *name, const char *value)
{
    return value == NULL
                   ? answer
                   : fulcra_representation_with_header(answer, name, value);
}

static FulcraRepresentation *
refuse_preflight(const char *origin)
{
    g_autofree char *shown = g_utf8_make_valid(origin, -1);
    FulcraRepresentation *answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "the origin %s is not admitted here\n", shown);

    fulcra_host_stats_add(FULCRA_STAT_CORS_REFUSED, 1);
    answer = with(answer, "httpResponse:/code", "403");
    return with(answer, VARY, "Origin");
}

static FulcraRepresentation *
answer_preflight(Cors *self, const char *origin)
{
    if (!admits(self, origin))
        return refuse_preflight(origin);

    FulcraRepresentation *answer =
            fulcra_representation_new_bytes(FULCRA_TYPE_NONE, NULL, 0);
    answer = with(answer, ALLOW_ORIGIN, self->origins == NULL ? "*" : origin);
    answer = with(answer, ALLOW_CREDENTIALS, self->credentials ? "true" : NULL);
    answer = with(answer, ALLOW_METHODS, self->methods);
    answer = with(answer, ALLOW_HEADERS, self->headers);
    answer = with(answer, MAX_AGE, self->max_age);
    return with(answer, VARY,
            self->origins == NULL ? NULL
                                  : "Origin, Access-Control-Request-Method, "
                                    "Access-Control-Request-Headers");
}

/* --- other requests --- */

static void
state(FulcraRequest *request, FulcraIdentifier *header, const char *value)
{
    g_autoptr(FulcraRepresentation) text = NULL;

    if (value == NULL)
        return;
    text = fulcra_representation_new_text(value);
    fulcra_request_sink(request, header, text, NULL);
}

static void
state_all(Cors *self, FulcraRequest *request, const char *origin)
{
    if (self->origins != NULL)
        state(request, FULCRA_ID(VARY), "Origin");
    if (!admits(self, origin))
        return;
    state(request, FULCRA_ID(ALLOW_ORIGIN),
            self->origins == NULL ? "*" : origin);
    state(request, FULCRA_ID(ALLOW_CREDENTIALS),
            self->credentials ? "true" : NULL);
    state(request, FULCRA_ID(EXPOSE_HEADERS), self->expose);
}

static void
cors_answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    static const char *const ours[] = { ALLOW_ORIGIN, ALLOW_CREDENTIALS,
        EXPOSE_HEADERS };
    FulcraRequest *request = user_data;

    (void)inner;
    if (error != NULL) {
        fulcra_request_fail(request, g_error_copy(error));
        return;
    }
    fulcra_representation_ref(answer);
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        if (fulcra_representation_get_header(answer, ours[i]) != NULL)
            answer = fulcra_representation_with_header(answer, ours[i], NULL);
    fulcra_request_respond(request, answer);
}

static FulcraRepresentation *
cors_overlay(FulcraRequest *request, GError **error)
{
    Cors *self = fulcra_request_get_data(request);
    g_autofree char *method = NULL;
    g_autoptr(FulcraRequest) inner = NULL;

    (void)error;
    if (!is_http(request, &method))
        return fulcra_request_pass_on(request, fulcra_request_forward(request));

    g_autofree char *origin = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/origin"));
    if (is_preflight(request, method, origin))
        return answer_preflight(self, origin);
    state_all(self, request, origin);

    FulcraRepresentation *deferred = fulcra_request_defer(request);
    inner = fulcra_request_forward(request);
    fulcra_request_issue_async(inner, cors_answered, request);
    return deferred;
}

static const FulcraEndpointOps cors_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .destroy = cors_free,
    .overlay = cors_overlay,
    .passes_on = true,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey cors_keys[] = {
    { "origins", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "whose pages may read answers: \"https://a.example\", "
                    "\"https://*.example.org\", or \"*\" for all. POST, PUT "
                    "and DELETE must pass the server's own setting of origins "
                    "as well" },
    { "methods", FULCRA_SCHEMA_TEXTS, .fallback = "GET, HEAD, POST",
            .help = "which methods their scripts may use" },
    { "headers", FULCRA_SCHEMA_TEXTS,
            .help = "which request headers they may set, besides the harmless "
                    "ones" },
    { "expose", FULCRA_SCHEMA_TEXTS,
            .help = "which response headers they may read, besides the "
                    "harmless ones" },
    { "credentials", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "whether answers to requests with cookies may be read; not "
                    "together with \"*\"" },
    { "maxAge", FULCRA_SCHEMA_DURATION, .fallback = "10m", .max = 86400000,
            .help = "for how long a browser need not ask again" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what it stands in front of" },
    { NULL },
};

static const FulcraSchema cors_schema = { "cors", cors_keys, NULL,
    "Lets pages of other origins read answers (cross-origin resource "
    "sharing)." };

/* The texts of a member that is one text or a list. (transfer full) */
static char **
texts_of(FulcraEntry *entry, const char *key)
{
    JsonNode *node = json_object_get_member(entry->definition, key);
    GPtrArray *texts = g_ptr_array_new();

    if (node != NULL && JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *list = json_node_get_array(node);

        for (unsigned i = 0; i < json_array_get_length(list); i++)
            g_ptr_array_add(
                    texts, g_strdup(json_array_get_string_element(list, i)));
    } else if (node != NULL) {
        g_ptr_array_add(texts, g_strdup(json_node_get_string(node)));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}

/* The node of the @i-th text, for what is said about it. */
static JsonNode *
text_node(FulcraEntry *entry, const char *key, unsigned i)
{
    JsonNode *node = json_object_get_member(entry->definition, key);

    return JSON_NODE_HOLDS_ARRAY(node)
                   ? json_array_get_element(json_node_get_array(node), i)
                   : node;
}

/* RFC 9110 section 5.6.2 */
static bool
is_token(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("!#$%&'*+-.^_`|~", *c) == NULL)
            return false;
    return *text != '\0';
}

/* A list of names, as a header has it; NULL where there are none. */
static char *
names_of(FulcraEntry *entry, Cors *self, const char *key, const char *fallback)
{
    g_auto(GStrv) names = texts_of(entry, key);

    for (unsigned i = 0; names[i] != NULL; i++) {
        if (!is_token(names[i]))
            fulcra_host_entry_problem(entry, text_node(entry, key, i),
                    "'%s' is not the name of a method or header", names[i]);
        if (strcmp(names[i], "*") == 0 && self->credentials)
            fulcra_host_entry_problem(entry, text_node(entry, key, i),
                    "with \"credentials\" a star means nothing to browsers; "
                    "name them one by one");
    }
    return names[0] != NULL ? g_strjoinv(", ", names) : g_strdup(fallback);
}

static void
settle_origins(FulcraEntry *entry, Cors *self)
{
    g_auto(GStrv) origins = texts_of(entry, "origins");
    bool any = false;

    for (unsigned i = 0; origins[i] != NULL; i++) {
        bool star = strcmp(origins[i], "*") == 0;
        const char *bad =
                star ? NULL : fulcra__origin_check_pattern(origins[i]);

        if (bad != NULL)
            fulcra_host_entry_problem(entry, text_node(entry, "origins", i),
                    "'%s' is not an origin: %s", origins[i], bad);
        if (star && self->credentials)
            fulcra_host_entry_problem(entry, text_node(entry, "origins", i),
                    "\"*\" together with \"credentials\" would let every page "
                    "read what is meant for the user who visits it; list the "
                    "origins");
        any |= star;
    }
    if (!any)
        self->origins = g_steal_pointer(&origins);
}

static void *
cors_build(FulcraEntry *entry)
{
    Cors *self = g_new0(Cors, 1);

    self->credentials =
            fulcra_host_json_get_bool(entry->definition, "credentials", false);
    settle_origins(entry, self);
    self->methods = names_of(entry, self, "methods", "GET, HEAD, POST");
    self->headers = names_of(entry, self, "headers", NULL);
    self->expose = names_of(entry, self, "expose", NULL);
    self->max_age = g_strdup_printf("%" G_GINT64_FORMAT,
            fulcra_host_json_get_duration(
                    entry->definition, "maxAge", 600 * 1000) /
                    1000);

    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("cors", &cors_ops, self, NULL);
    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return NULL;
}

const FulcraKind fulcra_kind_cors = {
    .size = sizeof(FulcraKind),
    .name = "cors",
    .schema = &cors_schema,
    .help = "lets pages of other origins read answers",
    .build = cors_build,
};
