/* SPDX-License-Identifier: MIT */

/*
 * issue.c - a request made on behalf of the admin
 *
 * It begins in the front space, or another that was named, with no context:
 * as one that came by HTTP but for httpRequest:/. The control thread does not
 * wait for it.
 */

#include "admin_private.h"

#include <string.h>

typedef struct {
    FulcraRefs refs; /* the call, and the tree while it is traced */
    FulcraAdminCall *call;
    pthread_mutex_t lock;
    GArray *records; /* of Record; guarded by lock */
} Issue;

typedef struct {
    FulcraTraceRecord record;                    /* its texts are these: */
    char *identifier, *endpoint, *space, *error; /* (nullable) */
} Record;

#define MAX_RECORDS 10000

static void
record_clear(void *data)
{
    Record *self = data;

    g_free(self->identifier);
    g_free(self->endpoint);
    g_free(self->space);
    g_free(self->error);
}

static void
issue_unref(void *data)
{
    Issue *self = data;

    if (!fulcra_refs_drop(&self->refs))
        return;
    g_array_unref(self->records);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

static void
trace(const FulcraTraceRecord *record, void *user_data)
{
    Issue *self = user_data;
    Record kept = { *record, g_strdup(record->identifier),
        g_strdup(record->endpoint), g_strdup(record->space),
        g_strdup(record->error) };

    kept.record.identifier = kept.identifier;
    kept.record.endpoint = kept.endpoint;
    kept.record.space = kept.space;
    kept.record.error = kept.error;
    pthread_mutex_lock(&self->lock);
    if (self->records->len < MAX_RECORDS)
        g_array_append_val(self->records, kept);
    else
        record_clear(&kept);
    pthread_mutex_unlock(&self->lock);
}

/* --- the answer --- */

static void
put_header(const char *name, const char *value, void *builder)
{
    fulcra_admin_put_text(builder, name, value);
}

/* Text as text, JSON as JSON, other bytes in base64. */
static void
put_payload(JsonBuilder *builder, FulcraRepresentation *answer)
{
    size_t length;
    const void *bytes = fulcra_representation_get_bytes(answer, &length);

    if (fulcra_representation_has_type(answer, FULCRA_TYPE_JSON)) {
        json_builder_set_member_name(builder, "json");
        json_builder_add_value(builder,
                json_node_copy(fulcra_representation_get_json(answer)));
    } else if (fulcra_representation_has_type(answer, FULCRA_TYPE_STRINGS)) {
        fulcra_admin_put_texts(
                builder, "strings", fulcra_representation_get_strings(answer));
    } else if (bytes != NULL && g_utf8_validate(bytes, (gssize)length, NULL)) {
        fulcra_admin_put_text(builder, "text", bytes);
    } else if (bytes != NULL) {
        g_autofree char *text = g_base64_encode(bytes, length);

        fulcra_admin_put_text(builder, "base64", text);
    }
}

static void
put_answer(JsonBuilder *builder, FulcraRepresentation *answer)
{
    fulcra_admin_put_text(
            builder, "type", fulcra_representation_get_type(answer));
    put_payload(builder, answer);
    json_builder_set_member_name(builder, "headers");
    json_builder_begin_object(builder);
    fulcra_host_representation_foreach_header(answer, put_header, builder);
    json_builder_end_object(builder);
}

static void
put_error(JsonBuilder *builder, const GError *error)
{
    fulcra_admin_put_text(
            builder, "error", fulcra_error_id((FulcraErrorCode)error->code));
    fulcra_admin_put_text(builder, "message", error->message);
    fulcra_admin_put_text(builder, "stack", fulcra_error_get_stack(error));
    fulcra_admin_put_text(builder, "trace", fulcra_error_get_trace(error));
}

static void
put_record(JsonBuilder *builder, const Record *record)
{
    json_builder_begin_object(builder);
    fulcra_admin_put_traced(builder, &record->record);
    fulcra_admin_put_int(builder, "duration_ns",
            record->record.ended_ns - record->record.started_ns);
    json_builder_end_object(builder);
}

static int
compare_order(const void *a, const void *b)
{
    uint64_t first = ((const Record *)a)->record.order;
    uint64_t second = ((const Record *)b)->record.order;

    return (first > second) - (first < second);
}

static void
put_trace(JsonBuilder *builder, Issue *self)
{
    pthread_mutex_lock(&self->lock);
    g_array_sort(self->records, compare_order);
    fulcra_admin_begin_list(builder, "requests");
    for (unsigned i = 0; i < self->records->len; i++)
        put_record(builder, &g_array_index(self->records, Record, i));
    json_builder_end_array(builder);
    pthread_mutex_unlock(&self->lock);
}

static void
answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Issue *self = user_data;
    JsonBuilder *builder = fulcra_admin_builder_new();

    (void)request;
    if (answer != NULL)
        put_answer(builder, answer);
    else
        put_error(builder, error);
    if (fulcra_admin_call_get_bool(self->call, "trace"))
        put_trace(builder, self);
    fulcra_admin_call_respond(self->call, builder);
    issue_unref(self);
}

/* --- asking --- */

void
fulcra_admin_request(FulcraAdminCall *call)
{
    const char *type = fulcra_admin_call_get(call, "type");
    const char *primary = fulcra_admin_call_get(call, "primary");
    GError *error = NULL;
    g_autoptr(FulcraRequest) request =
            fulcra_admin_call_make_root(call, &error);

    if (request == NULL) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    Issue *self = g_new0(Issue, 1);
    fulcra_refs_init(&self->refs);
    pthread_mutex_init(&self->lock, NULL);
    self->call = call;
    self->records = g_array_new(FALSE, FALSE, sizeof(Record));
    g_array_set_clear_func(self->records, record_clear);
    if (type != NULL)
        fulcra_request_set_wanted_type(request, fulcra_intern(type));
    if (primary != NULL) {
        g_autoptr(FulcraRepresentation) value =
                fulcra_representation_new_text(primary);

        fulcra_request_set_primary(request, value);
    }
    if (fulcra_admin_call_get_bool(call, "trace")) {
        fulcra_refs_take(&self->refs);
        fulcra_host_request_add_tracer(request, trace, self, issue_unref);
    }
    fulcra_request_issue_async(request, answered, self);
}
