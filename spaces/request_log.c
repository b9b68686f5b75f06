/* SPDX-License-Identifier: MIT */

/*
 * request_log.c - the kind "log": a line for what clients ask
 *
 * Only what comes from a client makes a line, not what endpoints ask each
 * other on the way. The request is passed on untouched and its answer by
 * reference; the line is put together afterwards and written by a thread of
 * its own (access_writer.c). The status is that of the answer, before the
 * transport finds that the client has it already (304).
 *
 * Messages of a WebSocket make no lines unless they fail; they are counted,
 * and the line of the close has the sum. `lock` guards the counts.
 */

#include "spaces/access_writer.h"
#include "spaces/kinds.h"
#include "spaces/source_text.h"
#include <fulcra-host/request.h>
#include <fulcra/fulcra.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    FulcraAccessWriter *writer;
    FulcraIdentifier *user; /* (nullable): who is named in lines */
    pthread_mutex_t lock;
    GHashTable *counts; /* socket id → Counts; since the first message */
} RequestLog;

typedef struct {
    int64_t messages, bytes;
} Counts;

/* One request on its way. */
typedef struct {
    RequestLog *log;
    FulcraRequest *request; /* held; its answer is deferred */
    FulcraAccess *access;   /* (nullable): not needed if all goes well */
    int64_t started;
} Passage;

static void
request_log_free(void *data)
{
    RequestLog *self = data;

    fulcra__access_writer_unref(self->writer);
    fulcra_identifier_unref(self->user);
    g_hash_table_unref(self->counts);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- what there is to say of a request --- */

/* What stood in the request line: the URL without what comes before its path.
 * (transfer full) (nullable) */
static char *
target_of(FulcraRequest *request)
{
    g_autofree char *url =
            fulcra__source_text(request, FULCRA_ID("httpRequest:/url"));
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    const char *path = host != NULL ? strchr(host + strlen("://"), '/') : NULL;

    return g_strdup(path);
}

static FulcraAccessEvent
event_of(FulcraRequest *request, bool ws)
{
    if (!ws)
        return FULCRA_ACCESS_REQUEST;
    switch (fulcra_request_get_verb(request)) {
    case FULCRA_VERB_SINK:
        return FULCRA_ACCESS_MESSAGE;
    case FULCRA_VERB_DELETE:
        return FULCRA_ACCESS_CLOSE;
    default:
        return FULCRA_ACCESS_OPEN;
    }
}

/* (transfer full) (nullable): NULL where no HTTP request led to @request */
static FulcraAccess *
describe(FulcraRequest *request, bool ws)
{
    g_autofree char *method =
            fulcra__source_text(request, FULCRA_ID("httpRequest:/method"));
    FulcraAccess *access;

    if (method == NULL)
        return NULL;
    access = fulcra__access_new(event_of(request, ws));
    access->method = g_steal_pointer(&method);
    access->target = target_of(request);
    access->host =
            fulcra__source_text(request, FULCRA_ID("httpRequest:/remote-host"));
    access->referer = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/referer"));
    access->agent = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/user-agent"));
    access->socket = g_strdup(fulcra_request_get_argument(request, "socketid"));
    return access;
}

/* --- what there is to say of an answer --- */

/* As the transports have it, and nginx's for a client that has gone. */
static unsigned
status_of_error(const GError *error)
{
    if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED))
        return 499;
    return fulcra_host_error_get_status(error);
}

static unsigned
status_stated(FulcraRequest *request, FulcraRepresentation *answer)
{
    const char *code =
            fulcra_representation_get_header(answer, "httpResponse:/code");
    g_autofree char *sunk = code == NULL
                                    ? fulcra__source_text(request,
                                              FULCRA_ID("httpResponse:/code"))
                                    : NULL;

    if (code == NULL)
        code = sunk;
    return code == NULL ? 0 : (unsigned)strtoul(code, NULL, 10);
}

static unsigned
status_of(FulcraRequest *request, FulcraRepresentation *answer)
{
    unsigned stated = status_stated(request, answer);
    FulcraVerb verb = fulcra_request_get_verb(request);

    if (stated != 0)
        return stated;
    if (fulcra_representation_get_header(answer, "httpResponse:/redirect") ||
            fulcra_representation_get_header(
                    answer, "httpResponse:/header/Location"))
        return verb == FULCRA_VERB_NEW ? 201 : 302;
    if (verb == FULCRA_VERB_DELETE &&
            fulcra_representation_has_type(answer, FULCRA_TYPE_BOOL))
        return fulcra_representation_get_bool(answer) ? 204 : 404;
    return fulcra_representation_has_type(answer, FULCRA_TYPE_NONE) ? 204 : 200;
}

/* --- messages --- */

static void
count_message(RequestLog *self, FulcraRequest *request)
{
    const char *socket = fulcra_request_get_argument(request, "socketid");
    FulcraRepresentation *message = fulcra_request_get_primary(request);
    size_t length = 0;

    if (socket == NULL)
        return;
    if (message != NULL)
        fulcra_representation_get_bytes(message, &length);
    pthread_mutex_lock(&self->lock);
    Counts *counts = g_hash_table_lookup(self->counts, socket);
    if (counts == NULL) {
        counts = g_new0(Counts, 1);
        g_hash_table_insert(self->counts, g_strdup(socket), counts);
    }
    counts->messages++;
    counts->bytes += (int64_t)length;
    pthread_mutex_unlock(&self->lock);
}

static void
take_counts(RequestLog *self, FulcraAccess *access)
{
    Counts none = { 0, 0 };

    pthread_mutex_lock(&self->lock);
    const Counts *counts =
            access->socket == NULL
                    ? NULL
                    : g_hash_table_lookup(self->counts, access->socket);
    if (counts == NULL)
        counts = &none;
    access->messages = counts->messages;
    access->bytes = counts->bytes;
    if (access->socket != NULL)
        g_hash_table_remove(self->counts, access->socket);
    pthread_mutex_unlock(&self->lock);
}

/* --- the line --- */

static void
passage_free(Passage *self)
{
    FulcraRequest *request = self->request;

    fulcra__access_free(self->access);
    g_free(self);
    fulcra_request_unref(request); /* the log may go with it */
}

static void
passage_write(Passage *self)
{
    fulcra__access_writer_push(
            self->log->writer, g_steal_pointer(&self->access));
    passage_free(self);
}

static void
user_answered(FulcraRequest *asked, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passage *self = user_data;

    (void)asked;
    (void)error;
    if (answer != NULL)
        self->access->user = g_strdup(fulcra_representation_get_text(answer));
    passage_write(self);
}

static void
passage_finish(Passage *self)
{
    FulcraIdentifier *user = self->log->user;

    if (self->access == NULL) {
        passage_free(self);
        return;
    }
    if (user == NULL) {
        passage_write(self);
        return;
    }
    g_autoptr(FulcraRequest) ask =
            fulcra_request_new(self->request, FULCRA_VERB_SOURCE, user);
    fulcra_request_set_wanted_type(ask, FULCRA_TYPE_TEXT);
    fulcra_request_issue_async(ask, user_answered, self);
}

static void
note_close(Passage *self)
{
    FulcraRequest *request = self->request;
    const char *status = fulcra_request_get_argument(request, "status");

    self->access->status =
            status == NULL ? 0 : (unsigned)strtoul(status, NULL, 10);
    self->access->reason =
            g_strdup(fulcra_request_get_argument(request, "reason"));
    take_counts(self->log, self->access);
}

static void
note_answer(Passage *self, FulcraRepresentation *answer)
{
    FulcraAccess *access = self->access;
    unsigned stated;
    size_t length = 0;

    switch (access->event) {
    case FULCRA_ACCESS_OPEN:
        stated = status_stated(self->request, answer);
        access->status = stated >= 400 ? stated : 101;
        break;
    case FULCRA_ACCESS_REQUEST:
        access->status = status_of(self->request, answer);
        if (!fulcra_representation_has_type(answer, FULCRA_TYPE_NONE) &&
                fulcra_representation_get_bytes(answer, &length) != NULL)
            access->bytes = (int64_t)length;
        break;
    case FULCRA_ACCESS_MESSAGE:
    case FULCRA_ACCESS_CLOSE:
        break;
    }
}

static void
note_error(Passage *self, const GError *error)
{
    if (self->access == NULL)
        self->access = describe(self->request, true);
    if (self->access == NULL)
        return;
    if (self->access->event != FULCRA_ACCESS_CLOSE)
        self->access->status = status_of_error(error);
    self->access->error =
            g_strdup(error->domain == FULCRA_ERROR
                             ? fulcra_error_id((FulcraErrorCode)error->code)
                             : fulcra_error_id(FULCRA_ERROR_FAILED));
}

static void
passage_answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passage *self = user_data;

    (void)inner;
    if (error != NULL)
        note_error(self, error);
    else if (self->access != NULL)
        note_answer(self, answer);
    if (self->access != NULL)
        self->access->took = g_get_monotonic_time() - self->started;

    if (error != NULL)
        fulcra_request_fail(self->request, g_error_copy(error));
    else
        fulcra_request_respond(
                self->request, fulcra_representation_ref(answer));
    passage_finish(self);
}

/* --- the overlay --- */

static FulcraRepresentation *
pass(RequestLog *self, FulcraRequest *request, FulcraAccess *access)
{
    Passage *passage = g_new0(Passage, 1);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);

    passage->log = self;
    passage->request = fulcra_request_ref(request);
    passage->access = access;
    passage->started = g_get_monotonic_time();
    if (access != NULL && access->event == FULCRA_ACCESS_CLOSE)
        note_close(passage);
    fulcra_request_issue_async(inner, passage_answered, passage);
    return deferred;
}

static FulcraRepresentation *
request_log_overlay(FulcraRequest *request, GError **error)
{
    RequestLog *self = fulcra_request_get_data(request);
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);
    bool ws = strcmp(fulcra_identifier_get_scheme(identifier), "ws") == 0;

    (void)error;
    if (!fulcra_host_request_is_from_root(request) ||
            (!ws && fulcra_request_get_socket(request) != NULL))
        return fulcra_request_pass_on(request, fulcra_request_forward(request));
    if (ws && fulcra_request_get_verb(request) == FULCRA_VERB_SINK) {
        count_message(self, request);
        return pass(self, request, NULL);
    }

    FulcraAccess *access = describe(request, ws);
    if (access == NULL)
        return fulcra_request_pass_on(request, fulcra_request_forward(request));
    return pass(self, request, access);
}

static const FulcraEndpointOps request_log_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .destroy = request_log_free,
    .overlay = request_log_overlay,
    .passes_on = true,
};

/* --- building one from a definition --- */

static const char *const format_choices[] = { "combined", "structured", NULL };

static const FulcraSchemaKey request_log_keys[] = {
    { "format", FULCRA_SCHEMA_TEXT, .fallback = "combined",
            .choices = format_choices,
            .help = "combined: as Apache and nginx write it; structured: "
                    "fields, in a file one object of JSON a line" },
    { "file", FULCRA_SCHEMA_TEXT,
            .help = "where lines are appended, from the module's folder; "
                    "without it the server's log" },
    { "user", FULCRA_SCHEMA_TEXT,
            .help = "an identifier whose answer is the user's name in lines" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what it stands in front of" },
    { NULL },
};

static const FulcraSchema request_log_schema = { "log", request_log_keys, NULL,
    "A line for each request of a client, and for each WebSocket that opens, "
    "closes or sends a message that fails." };

/* An absolute path in a folder that exists; NULL for the server's log.
 * (transfer full) */
static char *
settle_file(FulcraEntry *entry)
{
    JsonNode *node = json_object_get_member(entry->definition, "file");
    g_autofree char *path = NULL;

    if (node == NULL)
        return NULL;
    path = g_canonicalize_filename(json_node_get_string(node), entry->folder);
    g_autofree char *folder = g_path_get_dirname(path);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
        fulcra_host_entry_problem(entry, node,
                "there is no folder '%s'; make it, or name another", folder);
    else if (g_file_test(path, G_FILE_TEST_IS_DIR))
        fulcra_host_entry_problem(
                entry, node, "'%s' is a folder; name a file in it", path);
    return g_steal_pointer(&path);
}

static void *
request_log_build(FulcraEntry *entry)
{
    JsonNode *user = json_object_get_member(entry->definition, "user");
    const char *format =
            fulcra_host_json_get_text(entry->definition, "format", "combined");
    g_autofree char *file = settle_file(entry);
    RequestLog *self = g_new0(RequestLog, 1);

    self->writer =
            fulcra__access_writer_new(file, strcmp(format, "structured") == 0);
    if (user != NULL)
        self->user = fulcra_host_entry_get_identifier(entry, user);
    pthread_mutex_init(&self->lock, NULL);
    self->counts =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("log", &request_log_ops, self, NULL);
    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return fulcra__access_writer_ref(self->writer);
}

/* Requests that are never answered keep the endpoint: lines must not wait for
 * its end. */
static void
request_log_close(void *instance)
{
    fulcra__access_writer_stop(instance);
    fulcra__access_writer_unref(instance);
}

const FulcraKind fulcra_kind_log = {
    .size = sizeof(FulcraKind),
    .name = "log",
    .schema = &request_log_schema,
    .help = "a line for each request of a client",
    .build = request_log_build,
    .free = request_log_close,
};
