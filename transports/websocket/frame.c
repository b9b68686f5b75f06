/* SPDX-License-Identifier: MIT */
/*
 * frame.c - frames, taken apart and put together; the only user of wslay
 *
 * A frame that lies whole in the input, as nearly all do, is parsed and
 * unmasked where it lies. For any other a wslay frame context is borrowed from
 * the pool until the frame ends. A context reads ahead into a buffer of its
 * own, and what it read would be met by its next borrower: another socket.
 * Therefore its callback is never given a byte beyond the frame it was
 * borrowed for, and a context left in the middle of one is destroyed.
 *
 * A pool and the parsers that use it belong to one thread.
 */
#include "websocket/frame.h"

#include <glib.h>
#include <string.h>
#include <wslay/wslay.h>

#define POOL_LIMIT 64 /* contexts kept at rest, 4.3 KiB each */

typedef struct {
    uint64_t length;
    uint8_t size; /* of the head itself */
    uint8_t opcode;
    bool fin, deflated;
    const uint8_t *mask;
} Head;

struct _FulcraFramePartial {
    FulcraFramePartial *next;
    wslay_frame_context_ptr context;
    uint8_t head[FULCRA_FRAME_HEAD_SIZE];
    uint8_t n_head, head_fed;
    bool announced;
    uint8_t opcode;
    bool fin, deflated;
    uint64_t length, fed, given; /* payload: all, in wslay, out of it */
    FulcraInput *input;          /* during a call */
};

struct _FulcraFramePool {
    FulcraFramePartial *free;
    unsigned n_free;
};

/* --- heads --- */

static size_t
head_size(const uint8_t *data, size_t length)
{
    if (length < 2)
        return 2;
    return 6 + ((data[1] & 0x7f) == 126 ? 2 : (data[1] & 0x7f) == 127 ? 8 : 0);
}

/* What the first two bytes may say (RFC 6455 sections 5.1, 5.2, 5.5; RFC 7692
 * section 6.1). */
static const char *
head_check(uint8_t first, uint8_t second, bool deflate)
{
    uint8_t opcode = first & 0x0f;

    if (first & 0x70 & (deflate ? ~FULCRA_FRAME_RSV1 : ~0))
        return "reserved bits are set";
    if ((first & FULCRA_FRAME_RSV1) && opcode != FULCRA_OPCODE_TEXT &&
            opcode != FULCRA_OPCODE_BINARY)
        return "compressed, but not a message's first frame";
    if ((opcode > 2 && opcode < 8) || opcode > 10)
        return "reserved opcode";
    if (!(second & 0x80))
        return "frame is not masked";
    if (opcode >= 8 && !(first & 0x80))
        return "fragmented control frame";
    if (opcode >= 8 && (second & 0x7f) > FULCRA_FRAME_CONTROL_SIZE)
        return "control frame too long";
    return NULL;
}

/* @data holds head_size() bytes. */
static const char *
head_parse(const uint8_t *data, Head *head)
{
    uint8_t form = data[1] & 0x7f;
    unsigned n = form == 126 ? 2 : form == 127 ? 8 : 0;

    head->fin = data[0] & 0x80;
    head->deflated = data[0] & FULCRA_FRAME_RSV1;
    head->opcode = data[0] & 0x0f;
    head->size = (uint8_t)(6 + n);
    head->mask = data + 2 + n;
    head->length = n == 0 ? form : 0;
    for (unsigned i = 0; i < n; i++)
        head->length = head->length << 8 | data[2 + i];
    if (head->length >> 63)
        return "length has its top bit set";
    if ((n == 2 && head->length < 126) || (n == 8 && head->length < 65536))
        return "length is not in its shortest form";
    return NULL;
}

static void
unmask(uint8_t *data, size_t length, const uint8_t mask[4])
{
    uint32_t half;
    uint64_t whole, words[4];
    size_t i = 0;

    memcpy(&half, mask, sizeof(half));
    whole = (uint64_t)half << 32 | half;
    for (; i + sizeof(words) <= length; i += sizeof(words)) {
        memcpy(words, data + i, sizeof(words));
        for (int j = 0; j < 4; j++)
            words[j] ^= whole;
        memcpy(data + i, words, sizeof(words));
    }
    for (; i + sizeof(words[0]) <= length; i += sizeof(words[0])) {
        memcpy(words, data + i, sizeof(words[0]));
        words[0] ^= whole;
        memcpy(data + i, words, sizeof(words[0]));
    }
    for (; i < length; i++)
        data[i] ^= mask[i & 3];
}

/* --- frames that are not whole: wslay --- */

/* Hands out the head, then the payload, and nothing beyond. */
static ssize_t
partial_feed(uint8_t *buffer, size_t size, int flags, void *user_data)
{
    FulcraFramePartial *self = user_data;
    FulcraInput *input = self->input;
    size_t n = MIN(size, (size_t)(self->n_head - self->head_fed));

    if (n > 0) {
        memcpy(buffer, self->head + self->head_fed, n);
        self->head_fed += (uint8_t)n;
        return (ssize_t)n;
    }
    n = (size_t)MIN(self->length - self->fed, MIN(size, input->length));
    if (n == 0)
        return -1; /* wants more */
    memcpy(buffer, input->data, n);
    input->data += n;
    input->length -= n;
    self->fed += n;
    return (ssize_t)n;
}

static FulcraFramePartial *
pool_borrow(FulcraFramePool *pool)
{
    static const struct wslay_frame_callbacks callbacks = {
        .recv_callback = partial_feed,
    };
    FulcraFramePartial *self = pool->free;

    if (self == NULL) {
        self = g_new0(FulcraFramePartial, 1);
        if (wslay_frame_context_init(&self->context, &callbacks, self) != 0)
            g_error("out of memory for a frame context");
        return self;
    }
    pool->free = self->next;
    pool->n_free--;
    self->n_head = self->head_fed = 0;
    self->announced = false;
    self->length = self->fed = self->given = 0;
    return self;
}

static void
partial_free(FulcraFramePartial *self)
{
    wslay_frame_context_free(self->context);
    g_free(self);
}

/* At a frame's end only: the context holds no byte of its borrower. */
static void
pool_return(FulcraFramePool *pool, FulcraFramePartial *self)
{
    if (pool->n_free == POOL_LIMIT) {
        partial_free(self);
        return;
    }
    self->next = pool->free;
    pool->free = self;
    pool->n_free++;
}

/* Collects the head; MORE until it is complete. */
static FulcraFrameResult
partial_take_head(FulcraFramePartial *self, bool deflate, FulcraInput *input,
        const char **why)
{
    Head head;

    while (self->n_head < head_size(self->head, self->n_head)) {
        if (input->length == 0)
            return FULCRA_FRAME_MORE;
        self->head[self->n_head++] = *input->data++;
        input->length--;
        if (self->n_head == 2 && (*why = head_check(self->head[0],
                                          self->head[1], deflate)) != NULL)
            return FULCRA_FRAME_BAD;
    }
    if ((*why = head_parse(self->head, &head)) != NULL)
        return FULCRA_FRAME_BAD;
    self->length = head.length;
    self->opcode = head.opcode;
    self->fin = head.fin;
    self->deflated = head.deflated;
    return FULCRA_FRAME_PIECE;
}

static void
partial_describe(FulcraFramePartial *self, FulcraFrame *frame)
{
    frame->opcode = self->opcode;
    frame->fin = self->fin;
    frame->deflated = self->deflated;
    frame->length = self->length;
    frame->first = !self->announced;
    frame->last = false;
    frame->data = NULL;
    frame->size = 0;
}

/* The head by itself first, so that a frame that is too long is refused
 * before its payload arrives; then the payload as wslay unmasks it. */
static FulcraFrameResult
partial_next(FulcraFramePartial *self, bool deflate, FulcraInput *input,
        FulcraFrame *frame, const char **why)
{
    struct wslay_frame_iocb iocb;
    FulcraFrameResult result;
    ssize_t n;

    if (!self->announced) {
        result = partial_take_head(self, deflate, input, why);
        if (result != FULCRA_FRAME_PIECE)
            return result;
        partial_describe(self, frame);
        self->announced = true;
        return result;
    }
    self->input = input;
    n = wslay_frame_recv(self->context, &iocb);
    if (n == WSLAY_ERR_WANT_READ)
        return FULCRA_FRAME_MORE;
    if (n < 0) {
        *why = "malformed frame";
        return FULCRA_FRAME_BAD;
    }
    partial_describe(self, frame);
    frame->data = (uint8_t *)iocb.data;
    frame->size = iocb.data_length;
    self->given += iocb.data_length;
    frame->last = self->given == self->length;
    return FULCRA_FRAME_PIECE;
}

/* --- the parser --- */

/* MORE where the frame is not whole; it takes nothing then. */
static FulcraFrameResult
whole_next(
        FulcraInput *input, bool deflate, FulcraFrame *frame, const char **why)
{
    Head head;

    if (input->length < 2)
        return FULCRA_FRAME_MORE;
    if ((*why = head_check(input->data[0], input->data[1], deflate)) != NULL)
        return FULCRA_FRAME_BAD;
    if (input->length < head_size(input->data, input->length))
        return FULCRA_FRAME_MORE;
    if ((*why = head_parse(input->data, &head)) != NULL)
        return FULCRA_FRAME_BAD;
    if (input->length - head.size < head.length)
        return FULCRA_FRAME_MORE;
    frame->opcode = head.opcode;
    frame->fin = head.fin;
    frame->deflated = head.deflated;
    frame->first = frame->last = true;
    frame->length = head.length;
    frame->data = input->data + head.size;
    frame->size = (size_t)head.length;
    unmask(frame->data, frame->size, head.mask);
    input->data += head.size + frame->size;
    input->length -= head.size + frame->size;
    return FULCRA_FRAME_PIECE;
}

FulcraFrameResult
fulcra__frame_next(FulcraFrameParser *self, FulcraFramePool *pool, bool deflate,
        FulcraInput *input, FulcraFrame *frame, const char **why)
{
    FulcraFrameResult result;

    if (self->partial == NULL) {
        result = whole_next(input, deflate, frame, why);
        if (result != FULCRA_FRAME_MORE || input->length == 0)
            return result;
        self->partial = pool_borrow(pool);
    }
    result = partial_next(self->partial, deflate, input, frame, why);
    if (result == FULCRA_FRAME_PIECE && frame->last)
        pool_return(pool, g_steal_pointer(&self->partial));
    return result;
}

void
fulcra__frame_parser_clear(FulcraFrameParser *self)
{
    g_clear_pointer(&self->partial, partial_free);
}

FulcraFramePool *
fulcra__frame_pool_new(void)
{
    return g_new0(FulcraFramePool, 1);
}

void
fulcra__frame_pool_free(FulcraFramePool *self)
{
    while (self->free != NULL) {
        FulcraFramePartial *partial = self->free;

        self->free = partial->next;
        partial_free(partial);
    }
    g_free(self);
}

/* --- frames to be sent --- */

static size_t
sent_head_size(size_t length)
{
    return length < 126 ? 2 : length < 65536 ? 4 : 10;
}

static uint8_t *
sent_head_write(uint8_t *out, uint8_t first, size_t length)
{
    size_t size = sent_head_size(length);

    out[0] = first;
    out[1] = (uint8_t)(size == 2 ? length : size == 4 ? 126 : 127);
    for (size_t i = 2; i < size; i++)
        out[i] = (uint8_t)((uint64_t)length >> (8 * (size - 1 - i)));
    return out + size;
}

size_t
fulcra__frame_measure(size_t length)
{
    size_t whole = length / FULCRA_FRAME_SPLIT;
    size_t rest = length % FULCRA_FRAME_SPLIT;

    if (whole > 0 && rest == 0) {
        whole--;
        rest = FULCRA_FRAME_SPLIT;
    }
    return length + whole * sent_head_size(FULCRA_FRAME_SPLIT) +
           sent_head_size(rest);
}

void
fulcra__frame_write(
        uint8_t *out, uint8_t opcode, const void *data, size_t length)
{
    const uint8_t *from = data;

    while (length > FULCRA_FRAME_SPLIT) {
        out = sent_head_write(out, opcode, FULCRA_FRAME_SPLIT);
        memcpy(out, from, FULCRA_FRAME_SPLIT);
        out += FULCRA_FRAME_SPLIT;
        from += FULCRA_FRAME_SPLIT;
        length -= FULCRA_FRAME_SPLIT;
        opcode = FULCRA_OPCODE_CONTINUATION;
    }
    out = sent_head_write(out, 0x80 | opcode, length);
    if (length > 0)
        memcpy(out, from, length);
}
