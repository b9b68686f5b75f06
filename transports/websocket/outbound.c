/* SPDX-License-Identifier: MIT */
/*
 * outbound.c - frames made once, queues of references to them
 *
 * Queues and what they share belong to one loop's thread; frames are immutable
 * but for the count of the queues they are in.
 */
#include "websocket/outbound.h"
#include "websocket/frame.h"
#include "websocket/utf8.h"

#include <errno.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define NODES_KEPT  4096
#define QUEUES_KEPT 1024

struct _FulcraOutboundNode {
    FulcraOutboundNode *next;
    FulcraRepresentation *frame;
    uint64_t origin;
};

static FulcraSentFrame *
frame_of(FulcraRepresentation *representation)
{
    return (FulcraSentFrame *)fulcra_representation_get_bytes(
            representation, NULL);
}

size_t
fulcra__outbound_size(FulcraRepresentation *frame)
{
    return frame_of(frame)->size;
}

/* --- encoding --- */

/* @known: (inout): the interned copy of @name, once it was needed */
static const char *
intern_once(_Atomic(const char *) *known, const char *name)
{
    const char *interned = atomic_load_explicit(known, memory_order_relaxed);

    if (interned == NULL) {
        interned = fulcra_intern(name);
        atomic_store_explicit(known, interned, memory_order_relaxed);
    }
    return interned;
}

static const char *
frame_type(void)
{
    static _Atomic(const char *) known;

    return intern_once(&known, "frame");
}

static const char *
text_type(void)
{
    static _Atomic(const char *) known;

    return intern_once(&known, FULCRA_TYPE_TEXT);
}

/* @opcode: with FULCRA_FRAME_RSV1 where @data was compressed */
static FulcraRepresentation *
frame_new(uint8_t opcode, const void *data, size_t length)
{
    FulcraRepresentation *representation;
    FulcraSentFrame *frame;
    size_t size = fulcra__frame_measure(length);
    void *payload;

    representation = fulcra_host_representation_new_uninitialised(
            frame_type(), sizeof(*frame) + size, &payload);
    frame = payload;
    atomic_init(&frame->queued, 0);
    frame->control = (opcode & 0x0f) >= FULCRA_OPCODE_CLOSE;
    if (!frame->control)
        fulcra_host_stats_add(FULCRA_STAT_FRAMES, 1);
    frame->size = size;
    frame->saved = 0;
    fulcra__frame_write(frame->bytes, opcode, data, length);
    return representation;
}

FulcraRepresentation *
fulcra__outbound_new_control(uint8_t opcode, const void *data, size_t length)
{
    g_assert(length <= FULCRA_FRAME_CONTROL_SIZE);
    return frame_new(opcode, data, length);
}

/* Types whose bytes are UTF-8 text, parameters and all. */
static bool
type_is_text(const char *type)
{
    static const char *const others[] = { FULCRA_TYPE_JSON_TEXT,
        FULCRA_TYPE_BOOL, FULCRA_TYPE_INT, "application/xml",
        "application/javascript", "image/svg+xml" };
    size_t length = strcspn(type, ";");

    if (g_str_has_prefix(type, "text/"))
        return true;
    if (length > 5 && memcmp(type + length - 5, "+json", 5) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (strlen(others[i]) == length && memcmp(type, others[i], length) == 0)
            return true;
    return false;
}

static bool
text_is_valid(const void *text, size_t length)
{
    FulcraUtf8 utf8 = { 0 };

    return fulcra__utf8_check(&utf8, text, length) &&
           fulcra__utf8_is_complete(&utf8);
}

/* What goes into the frames of a message. */
typedef struct {
    uint8_t opcode;
    const void *bytes;
    size_t length;
    char *made; /* (nullable): holds bytes */
} Payload;

/* Parsed JSON leaves as its text. */
static bool
payload_take_json(Payload *payload, FulcraRepresentation *message)
{
    payload->made =
            json_to_string(fulcra_representation_get_json(message), FALSE);
    payload->bytes = payload->made;
    payload->length = strlen(payload->made);
    payload->opcode = FULCRA_OPCODE_TEXT;
    return true;
}

/* False where @message has no bytes, or not those that it should have. */
static bool
payload_take(Payload *payload, FulcraRepresentation *message)
{
    const char *type = fulcra_representation_get_type(message);

    bool plain = type == text_type(); /* nearly always */

    if (!plain && strcmp(type, FULCRA_TYPE_JSON) == 0)
        return payload_take_json(payload, message);
    payload->made = NULL;
    payload->bytes = fulcra_representation_get_bytes(message, &payload->length);
    if (payload->bytes == NULL ||
            (!plain && strcmp(type, FULCRA_TYPE_NONE) == 0))
        return false;
    payload->opcode = plain || type_is_text(type) ? FULCRA_OPCODE_TEXT
                                                  : FULCRA_OPCODE_BINARY;
    return payload->opcode == FULCRA_OPCODE_BINARY ||
           text_is_valid(payload->bytes, payload->length);
}

static FulcraRepresentation *
make_frame(FulcraRepresentation *message, void *user_data)
{
    FulcraRepresentation *frame;
    Payload payload;

    if (!payload_take(&payload, message))
        return NULL;
    frame = frame_new(payload.opcode, payload.bytes, payload.length);
    g_free(payload.made);
    return frame;
}

/* (nullable): where it would be no shorter */
static FulcraRepresentation *
compress_frame(const Payload *payload, FulcraDeflater *deflater)
{
    size_t length;
    g_autofree uint8_t *compressed = fulcra__deflater_run(
            deflater, payload->bytes, payload->length, &length);
    FulcraRepresentation *frame;

    if (compressed == NULL)
        return NULL;
    frame = frame_new(payload->opcode | FULCRA_FRAME_RSV1, compressed, length);
    frame_of(frame)->saved = fulcra__frame_measure(payload->length) -
                             fulcra__frame_measure(length);
    fulcra_host_stats_add(FULCRA_STAT_DEFLATED, 1);
    return frame;
}

static FulcraRepresentation *
make_deflated(FulcraRepresentation *message, void *user_data)
{
    FulcraRepresentation *frame;
    Payload payload;

    if (!payload_take(&payload, message))
        return NULL;
    frame = compress_frame(&payload, user_data);
    g_free(payload.made);
    if (frame != NULL)
        return frame;
    return fulcra_representation_ref(fulcra_host_representation_derive(
            message, frame_type(), make_frame, NULL));
}

static void
set_unsendable(FulcraRepresentation *message, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "a representation of type '%s' cannot be sent as a message: %s",
            fulcra_representation_get_type(message),
            fulcra_representation_get_text(message) == NULL
                    ? "it has no bytes; convert it to text/plain, "
                      "application/json or application/octet-stream"
                    : "it is not UTF-8 text");
}

FulcraRepresentation *
fulcra__outbound_encode(FulcraRepresentation *message, GError **error)
{
    FulcraRepresentation *frame = fulcra_host_representation_derive(
            message, frame_type(), make_frame, NULL);

    if (frame == NULL)
        set_unsendable(message, error);
    return frame;
}

FulcraRepresentation *
fulcra__outbound_encode_deflated(
        FulcraRepresentation *message, FulcraDeflater *deflater, GError **error)
{
    FulcraRepresentation *frame = fulcra_host_representation_derive(message,
            fulcra__deflater_get_type(deflater), make_deflated, deflater);

    if (frame == NULL)
        set_unsendable(message, error);
    return frame;
}

/* --- the queue --- */

static FulcraOutboundNode *
node_new(FulcraOutboundShared *shared, FulcraRepresentation *frame,
        uint64_t origin)
{
    FulcraOutboundNode *node = shared->free;

    if (node != NULL) {
        shared->free = node->next;
        shared->n_free--;
    } else {
        node = g_new(FulcraOutboundNode, 1);
    }
    node->next = NULL;
    node->frame = fulcra_representation_ref(frame);
    node->origin = origin;
    return node;
}

static void
node_free(FulcraOutboundShared *shared, FulcraOutboundNode *node)
{
    fulcra_representation_unref(node->frame);
    if (shared->n_free == NODES_KEPT) {
        g_free(node);
        return;
    }
    node->next = shared->free;
    shared->free = node;
    shared->n_free++;
}

static FulcraOutboundQueue *
queue_new(FulcraOutboundShared *shared)
{
    FulcraOutboundQueue *queue = shared->free_queues;

    if (queue == NULL)
        return g_new0(FulcraOutboundQueue, 1);
    shared->free_queues = queue->next_free;
    shared->n_free_queues--;
    *queue = (FulcraOutboundQueue){ 0 };
    return queue;
}

/* Gives it back if nothing waits in it any more. */
static void
queue_rest(FulcraOutbound *self, FulcraOutboundShared *shared)
{
    FulcraOutboundQueue *queue = self->queue;

    if (queue->first != NULL)
        return;
    self->queue = NULL;
    if (shared->n_free_queues == QUEUES_KEPT) {
        g_free(queue);
        return;
    }
    queue->next_free = shared->free_queues;
    shared->free_queues = queue;
    shared->n_free_queues++;
}

static void
count(FulcraOutboundShared *shared, int64_t amount)
{
    /* One writer, so that this needs no locked instruction. */
    atomic_store_explicit(&shared->bytes,
            atomic_load_explicit(&shared->bytes, memory_order_relaxed) + amount,
            memory_order_relaxed);
}

void
fulcra__outbound_hold(
        FulcraOutboundShared *shared, FulcraRepresentation *representation)
{
    FulcraSentFrame *frame = frame_of(representation);

    if (atomic_fetch_add_explicit(&frame->queued, 1, memory_order_relaxed) == 0)
        count(shared, (int64_t)frame->size);
}

void
fulcra__outbound_let_go(
        FulcraOutboundShared *shared, FulcraRepresentation *representation)
{
    FulcraSentFrame *frame = frame_of(representation);

    if (atomic_fetch_sub_explicit(&frame->queued, 1, memory_order_relaxed) == 1)
        count(shared, -(int64_t)frame->size);
}

void
fulcra__outbound_push(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraRepresentation *representation)
{
    fulcra__outbound_push_from(self, shared, representation, 0);
}

void
fulcra__outbound_push_from(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraRepresentation *representation, uint64_t origin)
{
    FulcraSentFrame *frame = frame_of(representation);
    FulcraOutboundNode *node = node_new(shared, representation, origin);

    if (self->queue == NULL)
        self->queue = queue_new(shared);
    if (self->queue->last == NULL)
        self->queue->first = node;
    else
        self->queue->last->next = node;
    self->queue->last = node;
    if (frame->control) {
        self->queue->n_control++;
        return;
    }
    self->queue->bytes += frame->size;
    fulcra__outbound_hold(shared, representation);
}

void
fulcra__outbound_push_rest(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraRepresentation *frame, uint64_t origin, size_t written)
{
    g_assert(self->queue == NULL && written < frame_of(frame)->size);
    fulcra__outbound_push_from(self, shared, frame, origin);
    self->queue->written = written;
}

/* @node has been taken out of the list. */
static void
forget(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraOutboundNode *node)
{
    FulcraSentFrame *frame = frame_of(node->frame);

    if (frame->control) {
        self->queue->n_control--;
    } else {
        self->queue->bytes -= frame->size;
        fulcra__outbound_let_go(shared, node->frame);
    }
    node_free(shared, node);
}

static void
pop(FulcraOutbound *self, FulcraOutboundShared *shared)
{
    FulcraOutboundNode *node = self->queue->first;

    self->queue->first = node->next;
    if (self->queue->first == NULL)
        self->queue->last = NULL;
    self->queue->written = 0;
    forget(self, shared, node);
    queue_rest(self, shared);
}

/* Drops the messages of which nothing was written yet and that @chosen says. */
static unsigned
drop_if(FulcraOutbound *self, FulcraOutboundShared *shared,
        bool (*chosen)(const FulcraOutboundNode *node, void *data), void *data)
{
    FulcraOutboundNode **at;
    unsigned n = 0;

    if (self->queue == NULL)
        return 0;
    at = &self->queue->first;
    if (self->queue->written > 0)
        at = &self->queue->first->next; /* half a frame must be finished */
    self->queue->last = self->queue->written > 0 ? self->queue->first : NULL;
    while (*at != NULL) {
        FulcraOutboundNode *node = *at;

        if (frame_of(node->frame)->control || !chosen(node, data)) {
            self->queue->last = node;
            at = &node->next;
            continue;
        }
        *at = node->next;
        forget(self, shared, node);
        n++;
    }
    queue_rest(self, shared);
    return n;
}

static bool
is_any(const FulcraOutboundNode *node, void *data)
{
    return true;
}

unsigned
fulcra__outbound_drop_waiting(
        FulcraOutbound *self, FulcraOutboundShared *shared)
{
    return drop_if(self, shared, is_any, NULL);
}

static bool
is_from(const FulcraOutboundNode *node, void *data)
{
    return node->origin == *(const uint64_t *)data;
}

unsigned
fulcra__outbound_drop_from(
        FulcraOutbound *self, FulcraOutboundShared *shared, uint64_t origin)
{
    return drop_if(self, shared, is_from, &origin);
}

/* Whether it is not the one that was noted as the last of its origin. */
static bool
is_older(const FulcraOutboundNode *node, void *data)
{
    return g_hash_table_lookup(data, &node->origin) != node;
}

unsigned
fulcra__outbound_drop_older(FulcraOutbound *self, FulcraOutboundShared *shared)
{
    g_autoptr(GHashTable) newest =
            g_hash_table_new(g_int64_hash, g_int64_equal);

    if (self->queue == NULL)
        return 0;
    for (FulcraOutboundNode *node = self->queue->first; node != NULL;
            node = node->next)
        if (!frame_of(node->frame)->control)
            g_hash_table_replace(newest, &node->origin, node);
    return drop_if(self, shared, is_older, newest);
}

void
fulcra__outbound_clear(FulcraOutbound *self, FulcraOutboundShared *shared)
{
    while (self->queue != NULL)
        pop(self, shared);
}

/* --- writing --- */

size_t
fulcra__outbound_saved(FulcraRepresentation *frame)
{
    return frame_of(frame)->saved;
}

bool
fulcra__outbound_gather(
        FulcraGather *gather, uint8_t *scratch, FulcraRepresentation *frame)
{
    return fulcra__gather_add(
            gather, scratch, frame_of(frame)->bytes, frame_of(frame)->size);
}

static void
gather_queue(FulcraGather *gather, FulcraOutbound *self,
        FulcraOutboundShared *shared)
{
    size_t skip = self->queue->written;

    if (shared->scratch == NULL)
        shared->scratch = g_malloc(FULCRA_GATHER_SCRATCH);
    for (FulcraOutboundNode *node = self->queue->first; node != NULL;
            node = node->next) {
        FulcraSentFrame *frame = frame_of(node->frame);

        if (!fulcra__gather_add(gather, shared->scratch, frame->bytes + skip,
                    frame->size - skip))
            break;
        skip = 0;
    }
}

static void
take_written(FulcraOutbound *self, FulcraOutboundShared *shared, size_t n)
{
    shared->sent_bytes += n;
    while (n > 0) {
        FulcraSentFrame *frame = frame_of(self->queue->first->frame);
        size_t left = frame->size - self->queue->written;

        if (n < left) {
            self->queue->written += n;
            return;
        }
        n -= left;
        shared->sent_messages += !frame->control;
        shared->saved_bytes += frame->saved;
        pop(self, shared);
    }
}

static ssize_t
write_some(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraStream *stream, size_t *total)
{
    FulcraSentFrame *frame = frame_of(self->queue->first->frame);
    struct iovec whole = { frame->bytes + self->queue->written,
        frame->size - self->queue->written };
    FulcraGather gather;

    if (self->queue->first->next == NULL) { /* the common case: no copy */
        *total = whole.iov_len;
        return stream->ops->writev(stream, &whole, 1);
    }
    fulcra__gather_init(&gather);
    gather_queue(&gather, self, shared);
    *total = gather.total;
    return stream->ops->writev(stream, gather.parts, gather.n);
}

FulcraOutboundResult
fulcra__outbound_write(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraStream *stream)
{
    while (self->queue != NULL) {
        size_t total;
        ssize_t n = write_some(self, shared, stream, &total);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK
                           ? FULCRA_OUTBOUND_BLOCKED
                           : FULCRA_OUTBOUND_FAILED;
        take_written(self, shared, (size_t)n);
        if ((size_t)n < total)
            return FULCRA_OUTBOUND_BLOCKED;
    }
    return FULCRA_OUTBOUND_DONE;
}

void
fulcra__outbound_shared_clear(FulcraOutboundShared *shared)
{
    while (shared->free != NULL) {
        FulcraOutboundNode *node = shared->free;

        shared->free = node->next;
        g_free(node);
    }
    while (shared->free_queues != NULL) {
        FulcraOutboundQueue *queue = shared->free_queues;

        shared->free_queues = queue->next_free;
        g_free(queue);
    }
    g_clear_pointer(&shared->scratch, g_free);
}
