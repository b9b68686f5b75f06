/* SPDX-License-Identifier: MIT */
/*
 * outbound.c - queues of references to frames
 *
 * Queues and what they share belong to one loop's thread.
 */
#include "websocket/outbound.h"

#include <errno.h>
#include <fulcra-host/stats.h>

#define NODES_KEPT  4096
#define QUEUES_KEPT 1024

struct _FulcraOutboundNode {
    FulcraOutboundNode *next;
    FulcraRepresentation *frame;
    FulcraSentFrame *sent; /* what that is */
    uint64_t origin;
};

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
    node->sent = fulcra__sent_frame(frame);
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

static void
hold(FulcraOutboundShared *shared, FulcraSentFrame *frame)
{
    if (atomic_fetch_add_explicit(&frame->queued, 1, memory_order_relaxed) == 0)
        count(shared, (int64_t)frame->size);
}

static void
let_go(FulcraOutboundShared *shared, FulcraSentFrame *frame)
{
    if (atomic_fetch_sub_explicit(&frame->queued, 1, memory_order_relaxed) == 1)
        count(shared, -(int64_t)frame->size);
}

void
fulcra__outbound_hold(
        FulcraOutboundShared *shared, FulcraRepresentation *representation)
{
    hold(shared, fulcra__sent_frame(representation));
}

void
fulcra__outbound_let_go(
        FulcraOutboundShared *shared, FulcraRepresentation *representation)
{
    let_go(shared, fulcra__sent_frame(representation));
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
    FulcraOutboundNode *node = node_new(shared, representation, origin);
    FulcraSentFrame *frame = node->sent;

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
    hold(shared, frame);
}

void
fulcra__outbound_push_rest(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraRepresentation *frame, uint64_t origin, size_t written)
{
    g_assert(self->queue == NULL && written < fulcra__sent_frame(frame)->size);
    fulcra__outbound_push_from(self, shared, frame, origin);
    self->queue->written = written;
}

/* @node has been taken out of the list. */
static void
forget(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraOutboundNode *node)
{
    FulcraSentFrame *frame = node->sent;

    if (frame->control) {
        self->queue->n_control--;
    } else {
        self->queue->bytes -= frame->size;
        let_go(shared, frame);
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

        if (node->sent->control || !chosen(node, data)) {
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
        if (!node->sent->control)
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

bool
fulcra__outbound_gather(
        FulcraGather *gather, uint8_t *scratch, FulcraRepresentation *frame)
{
    return fulcra__gather_add(gather, scratch, fulcra__sent_frame(frame)->bytes,
            fulcra__sent_frame(frame)->size);
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
        FulcraSentFrame *frame = node->sent;

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
        FulcraSentFrame *frame = self->queue->first->sent;
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
    FulcraSentFrame *frame = self->queue->first->sent;
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
