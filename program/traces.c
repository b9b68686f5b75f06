/* SPDX-License-Identifier: MIT */

/*
 * traces.c - trees of requests, kept in a ring of bounded size
 *
 * A tree is recorded by whatever threads its requests end on and moves into the
 * ring when it has gone. One lock guards all of it: who traces has chosen to
 * pay for that. `bytes` counts the trees in the ring and those under way, as
 * large as malloc() makes them: what is set is what they take.
 */

#include "traces.h"
#include "admin/call.h"
#include <fulcra-host/context.h>
#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>
#include <fulcra/error.h>
#include <fulcra/socket.h>

#include <string.h>

#define RECORDS_MAX 1000 /* of one tree; others are counted */
#define TEXT_MAX    300  /* bytes of an identifier or a message */

typedef struct {
    uint64_t order;
    unsigned depth;
    FulcraVerb verb;
    const char *endpoint, *space, *cache; /* (nullable): interned */
    char *identifier, *error, *explanation;
    char thread[16];
    int64_t started_ns, ended_ns;
} Record;

typedef struct {
    FulcraTraces *traces;
    uint64_t number; /* in the order in which trees ended */
    int64_t at;      /* real microseconds */
    bool failed_only, failed;
    unsigned n_lost;
    size_t bytes;
    GArray *records; /* of Record, in the order in which requests ended */
} Tree;

struct _FulcraTraces {
    FulcraKernel *kernel;
    size_t max_bytes;
    pthread_mutex_t lock; /* guards what follows */
    bool on, failed_only;
    char *identifier, *socket; /* (nullable) */
    GRegex *pattern;           /* (nullable) */
    GQueue ring;               /* of Tree, the oldest first */
    size_t bytes;
    uint64_t n_ended, n_lost; /* trees */
};

/* --- records --- */

static void
record_clear(void *data)
{
    Record *self = data;

    g_free(self->identifier);
    g_free(self->error);
    g_free(self->explanation);
}

/* What an allocation of @size takes: a word in front, and steps of two. */
static size_t
block_bytes(size_t size)
{
    const size_t step = 2 * sizeof(size_t);

    return MAX((size + sizeof(size_t) + step - 1) / step, 2) * step;
}

static size_t
text_bytes(const char *text)
{
    return text == NULL ? 0 : block_bytes(strlen(text) + 1);
}

/* What there is to say beside what the cache did. (nullable) */
static char *
explain(const FulcraTraceRecord *traced)
{
    g_autofree char *text =
            fulcra_host_explanation_to_text(traced->explanation);

    return fulcra_host_trace_shorten(text, TEXT_MAX);
}

static Record
record_make(const FulcraTraceRecord *traced)
{
    Record self = {
        .order = traced->order,
        .depth = traced->depth,
        .verb = traced->verb,
        .identifier = fulcra_host_trace_shorten(traced->identifier, TEXT_MAX),
        .endpoint = g_intern_string(traced->endpoint),
        .space = g_intern_string(traced->space),
        .cache = g_intern_string(traced->cache),
        .error = fulcra_host_trace_shorten(traced->error, TEXT_MAX),
        .explanation = explain(traced),
        .started_ns = traced->started_ns,
        .ended_ns = traced->ended_ns,
    };

    g_strlcpy(self.thread, traced->thread, sizeof(self.thread));
    return self;
}

/* Beside its place in the array of its tree. */
static size_t
record_bytes(const Record *self)
{
    return text_bytes(self->identifier) + text_bytes(self->error) +
           text_bytes(self->explanation);
}

/* That array: GArray grows in powers of two. */
static size_t
records_bytes(size_t n)
{
    size_t size = 16;

    while (size < n * sizeof(Record))
        size *= 2;
    return n == 0 ? 0 : block_bytes(size);
}

/* A tree, its empty array, its place in the ring. */
static size_t
tree_bytes(void)
{
    return block_bytes(sizeof(Tree)) + block_bytes(6 * sizeof(void *)) +
           block_bytes(sizeof(GList));
}

/* --- trees: with the lock held --- */

static void
tree_free(Tree *self)
{
    self->traces->bytes -= self->bytes;
    g_array_unref(self->records);
    g_free(self);
}

/* Whether @bytes more may be kept, now that older trees have made way. */
static bool
make_room(FulcraTraces *self, size_t bytes)
{
    while (self->bytes + bytes > self->max_bytes) {
        Tree *oldest = g_queue_pop_head(&self->ring);

        if (oldest == NULL)
            return false;
        tree_free(oldest);
    }
    return true;
}

static void
tree_add(Tree *self, Record *record)
{
    size_t n = self->records->len;
    size_t bytes =
            record_bytes(record) + records_bytes(n + 1) - records_bytes(n);

    if (self->records->len >= RECORDS_MAX || !make_room(self->traces, bytes)) {
        self->n_lost++;
        record_clear(record);
        return;
    }
    g_array_append_val(self->records, *record);
    self->bytes += bytes;
    self->traces->bytes += bytes;
}

/* --- what the kernel calls, on any thread --- */

static void
tree_record(const FulcraTraceRecord *traced, void *user_data)
{
    Tree *self = user_data;
    Record record = record_make(traced);

    pthread_mutex_lock(&self->traces->lock);
    if (traced->depth == 0)
        self->failed = traced->error != NULL;
    tree_add(self, &record);
    pthread_mutex_unlock(&self->traces->lock);
}

static void
tree_release(void *user_data)
{
    Tree *self = user_data;
    FulcraTraces *traces = self->traces;

    pthread_mutex_lock(&traces->lock);
    if (self->records->len == 0)
        traces->n_lost++;
    if (self->records->len == 0 || (self->failed_only && !self->failed))
        tree_free(self);
    else {
        self->number = ++traces->n_ended;
        g_queue_push_tail(&traces->ring, self);
    }
    pthread_mutex_unlock(&traces->lock);
}

static bool
is_for_socket(FulcraRequest *root, const char *id)
{
    g_autoptr(FulcraSocket) wanted = fulcra_socket_find(root, id);

    return wanted != NULL && wanted == fulcra_request_get_socket(root);
}

/* Who looks at traces is not to see himself looking. */
static bool
is_of_admin(FulcraRequest *root)
{
    FulcraContext *layer = fulcra_host_request_get_context(root);

    while (layer != NULL && strcmp(layer->klass->name, "admin") != 0)
        layer = layer->parent;
    return layer != NULL;
}

static bool
fits(FulcraTraces *self, FulcraRequest *root)
{
    const char *identifier =
            fulcra_identifier_get_text(fulcra_request_get_identifier(root));

    return self->on && !is_of_admin(root) &&
           (self->identifier == NULL ||
                   strcmp(identifier, self->identifier) == 0) &&
           (self->pattern == NULL ||
                   g_regex_match(self->pattern, identifier, 0, NULL)) &&
           (self->socket == NULL || is_for_socket(root, self->socket));
}

static void
watch_root(FulcraRequest *root, void *user_data)
{
    FulcraTraces *self = user_data;
    Tree *tree = NULL;

    pthread_mutex_lock(&self->lock);
    if (fits(self, root) && make_room(self, tree_bytes())) {
        tree = g_new0(Tree, 1);
        tree->traces = self;
        tree->at = g_get_real_time();
        tree->failed_only = self->failed_only;
        tree->bytes = tree_bytes();
        tree->records = g_array_new(FALSE, FALSE, sizeof(Record));
        g_array_set_clear_func(tree->records, record_clear);
        self->bytes += tree->bytes;
    }
    pthread_mutex_unlock(&self->lock);
    if (tree != NULL)
        fulcra_host_request_add_tracer(root, tree_record, tree, tree_release);
}

/* --- for the admin --- */

FulcraTraces *
fulcra_traces_new(FulcraKernel *kernel, size_t max_bytes)
{
    FulcraTraces *self = g_new0(FulcraTraces, 1);

    self->kernel = kernel;
    self->max_bytes = max_bytes;
    pthread_mutex_init(&self->lock, NULL);
    g_queue_init(&self->ring);
    fulcra_host_kernel_watch_roots(kernel, watch_root, self);
    return self;
}

static void
filter_clear(FulcraTraces *self)
{
    g_clear_pointer(&self->identifier, g_free);
    g_clear_pointer(&self->socket, g_free);
    g_clear_pointer(&self->pattern, g_regex_unref);
}

void
fulcra_traces_free(FulcraTraces *self)
{
    if (self == NULL)
        return;
    fulcra_traces_clear(self);
    g_assert(self->bytes == 0); /* the kernel has gone, and all trees with it */
    filter_clear(self);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

static GRegex *
compile(const char *pattern, GError **error)
{
    g_autoptr(GError) why = NULL;
    GRegex *regex = g_regex_new(pattern, G_REGEX_OPTIMIZE, 0, &why);

    if (regex == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "'%s' is no regular expression: %s", pattern, why->message);
    return regex;
}

bool
fulcra_traces_start(
        FulcraTraces *self, const FulcraTraceFilter *filter, GError **error)
{
    GRegex *pattern = NULL;

    if (filter->pattern != NULL &&
            (pattern = compile(filter->pattern, error)) == NULL)
        return false;
    pthread_mutex_lock(&self->lock);
    filter_clear(self);
    self->identifier = g_strdup(filter->identifier);
    self->socket = g_strdup(filter->socket);
    self->pattern = pattern;
    self->failed_only = filter->failed;
    self->on = true;
    pthread_mutex_unlock(&self->lock);
    fulcra_host_kernel_set_watching(self->kernel, true);
    return true;
}

void
fulcra_traces_stop(FulcraTraces *self)
{
    fulcra_host_kernel_set_watching(self->kernel, false);
    pthread_mutex_lock(&self->lock);
    self->on = false;
    pthread_mutex_unlock(&self->lock);
}

void
fulcra_traces_clear(FulcraTraces *self)
{
    Tree *tree;

    pthread_mutex_lock(&self->lock);
    while ((tree = g_queue_pop_head(&self->ring)) != NULL)
        tree_free(tree);
    pthread_mutex_unlock(&self->lock);
}

/* --- as JSON: with the lock held --- */

static int
by_order(const void *a, const void *b)
{
    const Record *first = a, *second = b;

    return first->order < second->order ? -1 : first->order > second->order;
}

static void
record_print(const Record *self, int64_t began_ns, JsonBuilder *builder)
{
    const FulcraTraceRecord traced = {
        .depth = self->depth,
        .verb = self->verb,
        .identifier = self->identifier,
        .endpoint = self->endpoint,
        .space = self->space,
        .cache = self->cache,
        .error = self->error,
    };

    json_builder_begin_object(builder);
    fulcra_admin_put_traced(builder, &traced);
    fulcra_admin_put_text(builder, "explanation", self->explanation);
    fulcra_admin_put_text(builder, "thread", self->thread);
    fulcra_admin_put_int(
            builder, "start_us", (self->started_ns - began_ns) / 1000);
    fulcra_admin_put_int(
            builder, "us", (self->ended_ns - self->started_ns) / 1000);
    json_builder_end_object(builder);
}

static void
tree_print(const Tree *self, JsonBuilder *builder)
{
    const Record *records = (const Record *)(void *)self->records->data;
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(self->at / 1000000);
    g_autofree char *when = g_date_time_format_iso8601(at);

    json_builder_begin_object(builder);
    fulcra_admin_put_int(builder, "number", (int64_t)self->number);
    fulcra_admin_put_text(builder, "at", when);
    fulcra_admin_put_int(builder, "us",
            (records[0].ended_ns - records[0].started_ns) / 1000);
    fulcra_admin_put_text(builder, "error", records[0].error);
    fulcra_admin_put_int(builder, "lost", self->n_lost);
    fulcra_admin_begin_list(builder, "requests");
    for (unsigned i = 0; i < self->records->len; i++)
        record_print(&records[i], records[0].started_ns, builder);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
print_newest(
        FulcraTraces *self, uint64_t after, unsigned max, JsonBuilder *builder)
{
    GList *first = NULL;
    unsigned n = 0;

    for (GList *at = self->ring.tail; at != NULL && n < max; at = at->prev) {
        if (((Tree *)at->data)->number <= after)
            continue;
        first = at;
        n++;
    }
    for (; first != NULL; first = first->next) {
        Tree *tree = first->data;

        if (tree->number <= after)
            continue;
        g_array_sort(tree->records, by_order);
        tree_print(tree, builder);
    }
}

void
fulcra_traces_build(
        FulcraTraces *self, uint64_t after, unsigned max, JsonBuilder *builder)
{
    pthread_mutex_lock(&self->lock);
    fulcra_admin_put_bool(builder, "tracing", self->on);
    fulcra_admin_put_int(builder, "bytes", (int64_t)self->bytes);
    fulcra_admin_put_int(builder, "max_bytes", (int64_t)self->max_bytes);
    fulcra_admin_put_int(builder, "lost", (int64_t)self->n_lost);
    fulcra_admin_begin_list(builder, "trees");
    print_newest(self, after, max, builder);
    json_builder_end_array(builder);
    pthread_mutex_unlock(&self->lock);
}
