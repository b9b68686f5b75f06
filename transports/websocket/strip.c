/* SPDX-License-Identifier: MIT */
/*
 * strip.c - the requests of a page's own socket, kept for the page to show
 *
 * A tree's records are gathered while it runs and added to their tag when it
 * has ended, in the order in which the requests began. One lock for all: it is
 * a playground.
 */
#include "websocket/strip.h"

#include <fulcra-host/space.h>
#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 40 /* of a tag, and of a tree */
#define TAGS_MAX    1000
#define TAG_LEAST   8
#define TAG_MOST    64
#define TEXT_MOST   200 /* bytes of an identifier that are shown */

typedef struct {
    uint64_t order;
    unsigned depth;
    FulcraVerb verb;
    char *identifier, *endpoint, *error;
    const char *cache; /* (nullable): interned */
    char *explanation; /* (nullable) */
    int64_t start_us;  /* since the first of its tree began */
    int64_t us;
} Record;

struct _FulcraStripTag {
    FulcraRefs refs;
    FulcraStrips *strips;
    char *name;
    GQueue records;  /* guarded by the strips' lock: of Record, oldest first */
    uint64_t n;      /* likewise: given to records, from 1 */
    GList *position; /* likewise: in the strips' tags; NULL: forgotten */
};

struct _FulcraStrips {
    FulcraRefs refs;
    pthread_mutex_t lock;
    GHashTable *by_name; /* guarded by lock: to FulcraStripTag */
    GQueue tags;         /* likewise: the one used last at the end */
    FulcraSpace *space;
};

/* One tree of requests. */
typedef struct {
    FulcraStripTag *tag;
    GPtrArray *records; /* guarded by the strips' lock */
} Tree;

static void
record_free(void *data)
{
    Record *record = data;

    g_free(record->identifier);
    g_free(record->endpoint);
    g_free(record->error);
    g_free(record->explanation);
    g_free(record);
}

static void
strips_unref(FulcraStrips *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_host_space_unref(self->space);
    g_hash_table_unref(self->by_name);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- tags --- */

FulcraStripTag *
fulcra__strip_tag_ref(FulcraStripTag *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__strip_tag_unref(FulcraStripTag *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_queue_clear_full(&self->records, record_free);
    g_free(self->name);
    strips_unref(self->strips);
    g_free(self);
}

/* With the lock held. */
static void
forget_oldest(FulcraStrips *self)
{
    FulcraStripTag *oldest = g_queue_pop_head(&self->tags);

    oldest->position = NULL;
    g_hash_table_remove(self->by_name, oldest->name);
    fulcra__strip_tag_unref(oldest);
}

/* With the lock held. (transfer none) */
static FulcraStripTag *
add_tag(FulcraStrips *self, const char *name)
{
    FulcraStripTag *tag = g_new0(FulcraStripTag, 1);

    fulcra_refs_init(&tag->refs);
    fulcra_refs_take(&self->refs);
    tag->strips = self;
    tag->name = g_strdup(name);
    g_queue_init(&tag->records);
    if (self->tags.length == TAGS_MAX)
        forget_oldest(self);
    g_queue_push_tail(&self->tags, tag);
    tag->position = self->tags.tail;
    g_hash_table_insert(self->by_name, tag->name, tag);
    return tag;
}

/* With the lock held. */
static void
use_tag(FulcraStrips *self, FulcraStripTag *tag)
{
    if (tag->position == NULL)
        return;
    g_queue_unlink(&self->tags, tag->position);
    g_queue_push_tail_link(&self->tags, tag->position);
}

static bool
tag_is_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return name[length] == '\0' && length >= TAG_LEAST && length <= TAG_MOST;
}

/* (transfer full) (nullable) */
static char *
query_tag(const char *query)
{
    g_auto(GStrv) pairs = g_strsplit(query, "&", 64);

    for (char **pair = pairs; *pair != NULL; pair++)
        if (g_str_has_prefix(*pair, "strip=") && tag_is_valid(*pair + 6))
            return g_strdup(*pair + 6);
    return NULL;
}

FulcraStripTag *
fulcra__strips_open(FulcraStrips *self, const char *query)
{
    g_autofree char *name = query_tag(query);
    FulcraStripTag *tag;

    if (name == NULL)
        return NULL;
    pthread_mutex_lock(&self->lock);
    tag = g_hash_table_lookup(self->by_name, name);
    if (tag == NULL)
        tag = add_tag(self, name);
    use_tag(self, tag);
    fulcra__strip_tag_ref(tag);
    pthread_mutex_unlock(&self->lock);
    return tag;
}

/* --- recording --- */

/* What there is to say beside what the cache did. (nullable) */
static char *
explain(const FulcraTraceRecord *traced)
{
    g_autofree char *text =
            fulcra_host_explanation_to_text(traced->explanation);

    return fulcra_host_trace_shorten(text, TEXT_MOST);
}

static void
tree_record(const FulcraTraceRecord *traced, void *user_data)
{
    Tree *tree = user_data;
    Record *record = g_new0(Record, 1);

    record->order = traced->order;
    record->depth = traced->depth;
    record->verb = traced->verb;
    record->identifier =
            fulcra_host_trace_shorten(traced->identifier, TEXT_MOST);
    record->endpoint = g_strdup(traced->endpoint);
    record->error = fulcra_host_trace_shorten(traced->error, TEXT_MOST);
    record->cache = g_intern_string(traced->cache);
    record->explanation = explain(traced);
    record->start_us = traced->started_ns / 1000;
    record->us = (traced->ended_ns - traced->started_ns) / 1000;
    pthread_mutex_lock(&tree->tag->strips->lock);
    if (tree->records->len < RECORDS_MAX)
        g_ptr_array_add(tree->records, g_steal_pointer(&record));
    pthread_mutex_unlock(&tree->tag->strips->lock);
    if (record != NULL)
        record_free(record);
}

static int
compare_order(const void *a, const void *b)
{
    const Record *one = *(Record *const *)a, *other = *(Record *const *)b;

    return one->order < other->order ? -1 : one->order > other->order;
}

static void
tag_add(FulcraStripTag *tag, Record *record, int64_t began_us)
{
    record->start_us -= began_us;
    record->order = ++tag->n;
    g_queue_push_tail(&tag->records, record);
    if (tag->records.length > RECORDS_MAX)
        record_free(g_queue_pop_head(&tag->records));
}

static void
tree_release(void *user_data)
{
    Tree *tree = user_data;
    FulcraStripTag *tag = tree->tag;
    int64_t began_us = 0;

    pthread_mutex_lock(&tag->strips->lock);
    g_ptr_array_sort(tree->records, compare_order);
    if (tree->records->len > 0)
        began_us = ((Record *)tree->records->pdata[0])->start_us;
    for (unsigned i = 0; i < tree->records->len; i++)
        tag_add(tag, tree->records->pdata[i], began_us);
    use_tag(tag->strips, tag);
    pthread_mutex_unlock(&tag->strips->lock);
    g_ptr_array_unref(tree->records);
    fulcra__strip_tag_unref(tag);
    g_free(tree);
}

void
fulcra__strip_tag_trace(FulcraStripTag *self, FulcraRequest *root)
{
    Tree *tree = g_new0(Tree, 1);

    tree->tag = fulcra__strip_tag_ref(self);
    tree->records = g_ptr_array_new();
    fulcra_host_request_add_tracer(root, tree_record, tree, tree_release);
}

/* --- res:/playground/strip/{tag} --- */

/* @text: (nullable) */
static void
write_text(JsonBuilder *builder, const char *name, const char *text)
{
    if (text == NULL)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void
write_record(JsonBuilder *builder, const Record *record)
{
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "order");
    json_builder_add_int_value(builder, (int64_t)record->order);
    json_builder_set_member_name(builder, "depth");
    json_builder_add_int_value(builder, record->depth);
    json_builder_set_member_name(builder, "verb");
    json_builder_add_string_value(builder, fulcra_verb_to_string(record->verb));
    json_builder_set_member_name(builder, "identifier");
    json_builder_add_string_value(builder, record->identifier);
    json_builder_set_member_name(builder, "endpoint");
    json_builder_add_string_value(builder, record->endpoint);
    write_text(builder, "error", record->error);
    write_text(builder, "cache", record->cache);
    write_text(builder, "explanation", record->explanation);
    json_builder_set_member_name(builder, "start_us");
    json_builder_add_int_value(builder, record->start_us);
    json_builder_set_member_name(builder, "us");
    json_builder_add_int_value(builder, record->us);
    json_builder_end_object(builder);
}

static void
write_records(FulcraStrips *self, const char *name, uint64_t since,
        JsonBuilder *builder)
{
    FulcraStripTag *tag;

    pthread_mutex_lock(&self->lock);
    tag = g_hash_table_lookup(self->by_name, name);
    for (GList *at = tag == NULL ? NULL : tag->records.head; at != NULL;
            at = at->next)
        if (((Record *)at->data)->order > since)
            write_record(builder, at->data);
    pthread_mutex_unlock(&self->lock);
}

static uint64_t
request_since(FulcraRequest *request)
{
    g_autoptr(FulcraRepresentation) since = fulcra_request_source(request,
            FULCRA_ID("httpRequest:/param/since"), FULCRA_TYPE_TEXT, NULL);

    return since == NULL
                   ? 0
                   : strtoull(fulcra_representation_get_text(since), NULL, 10);
}

static FulcraRepresentation *
strip_source(FulcraRequest *request, GError **error)
{
    FulcraStrips *self = fulcra_request_get_data(request);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    write_records(self, fulcra_request_get_argument(request, "tag"),
            request_since(request), builder);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, FALSE);
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bytes(
                    FULCRA_TYPE_JSON_TEXT, text, strlen(text)),
            FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraSpace *
make_space(FulcraStrips *self)
{
    static const FulcraEndpointOps ops = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .source = strip_source,
    };
    FulcraSpace *space = fulcra_host_space_new("urn:fulcra:playground");
    FulcraEndpoint *endpoint =
            fulcra_host_endpoint_new("playground.strip", &ops, self, NULL);
    g_autoptr(GError) error = NULL;

    if (!fulcra_host_space_bind(space, "res:/playground/strip/{tag}",
                1u << FULCRA_VERB_SOURCE, FULCRA_ENTRY_PUBLIC, endpoint,
                &error))
        g_error("playground: %s", error->message);
    fulcra_host_endpoint_unref(endpoint);
    return fulcra_host_space_seal(space);
}

/* --- all of them --- */

FulcraStrips *
fulcra__strips_new(void)
{
    FulcraStrips *self = g_new0(FulcraStrips, 1);

    fulcra_refs_init(&self->refs);
    pthread_mutex_init(&self->lock, NULL);
    self->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->tags);
    self->space = make_space(self);
    return self;
}

void
fulcra__strips_free(FulcraStrips *self)
{
    while (self->tags.length > 0)
        forget_oldest(self);
    strips_unref(self);
}

FulcraSpace *
fulcra__strips_get_space(FulcraStrips *self)
{
    return self->space;
}
