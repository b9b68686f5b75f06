/* SPDX-License-Identifier: MIT */
/*
 * deflate.c - the only user of zlib
 *
 * A message is compressed with a sync flush, whose last four bytes, an empty
 * block's length, are not sent (RFC 7692 section 7.2.1) and are put back by who
 * reads it. What comes out of decompression is given away in pieces of a fixed
 * size, so that its reader can stop at any limit, however much more a few bytes
 * of input would become.
 *
 * Deflaters serve any thread; a pool of inflaters belongs to one loop.
 */
#include "websocket/deflate.h"

#include <fulcra/types.h>
#include <glib.h>
#include <stdatomic.h>
#include <string.h>
#include <zlib.h>

#define PIECE_SIZE 16384
#define POOL_LIMIT 8 /* inflaters kept at rest */

static const uint8_t tail[] = { 0x00, 0x00, 0xff, 0xff };

struct _FulcraDeflater {
    unsigned window;
    size_t least;
    const char *type;
    _Atomic(z_stream *) spare; /* (nullable): one at rest is enough */
};

struct _FulcraInflater {
    z_stream stream;
    FulcraInflaters *pool;
    FulcraInflater *next;
    bool more;  /* it may have something left to give */
    bool ended; /* behind a final block; nothing came since */
};

struct _FulcraInflaters {
    FulcraInflater *free;
    unsigned n_free;
    uint8_t piece[PIECE_SIZE];
};

/* --- compressing --- */

FulcraDeflater *
fulcra__deflater_new(unsigned window, size_t least)
{
    FulcraDeflater *self = g_new0(FulcraDeflater, 1);
    g_autofree char *type = NULL;

    self->window = CLAMP(
            window, FULCRA_DEFLATE_WINDOW_LEAST, FULCRA_DEFLATE_WINDOW_MOST);
    self->least = least;
    type = g_strdup_printf("frame; deflate=%u", self->window);
    self->type = fulcra_intern(type);
    return self;
}

/* zlib's memory level follows the window: 32 KiB in all for 12 bits. */
static z_stream *
stream_take(FulcraDeflater *self)
{
    z_stream *stream = atomic_exchange(&self->spare, NULL);

    if (stream != NULL)
        return stream;
    stream = g_new0(z_stream, 1);
    if (deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                -(int)self->window, (int)self->window - 7,
                Z_DEFAULT_STRATEGY) != Z_OK)
        g_error("out of memory for compression");
    return stream;
}

static void
stream_free(z_stream *stream)
{
    if (stream != NULL)
        deflateEnd(stream);
    g_free(stream);
}

static void
stream_give(FulcraDeflater *self, z_stream *stream)
{
    z_stream *none = NULL;

    deflateReset(stream);
    if (!atomic_compare_exchange_strong(&self->spare, &none, stream))
        stream_free(stream);
}

void
fulcra__deflater_free(FulcraDeflater *self)
{
    if (self == NULL)
        return;
    stream_free(atomic_load(&self->spare));
    g_free(self);
}

unsigned
fulcra__deflater_get_window(const FulcraDeflater *self)
{
    return self->window;
}

const char *
fulcra__deflater_get_type(const FulcraDeflater *self)
{
    return self->type;
}

uint8_t *
fulcra__deflater_run(FulcraDeflater *self, const void *data, size_t length,
        size_t *compressed)
{
    g_autofree uint8_t *out = NULL;
    z_stream *stream;
    bool fits;

    if (length < MAX(self->least, 1) || length > INT32_MAX)
        return NULL;
    out = g_malloc(length + sizeof(tail));
    stream = stream_take(self);
    stream->next_in = (z_const Bytef *)data;
    stream->avail_in = (uInt)length;
    stream->next_out = out;
    stream->avail_out = (uInt)(length + sizeof(tail));
    /* With room left behind it, the flush is complete, and it is shorter. */
    fits = deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0 &&
           stream->avail_out > 0;
    *compressed = length - stream->avail_out;
    stream_give(self, stream);
    return fits ? g_steal_pointer(&out) : NULL;
}

/* --- decompressing --- */

FulcraInflaters *
fulcra__inflaters_new(void)
{
    return g_new0(FulcraInflaters, 1);
}

static void
inflater_free(FulcraInflater *self)
{
    inflateEnd(&self->stream);
    g_free(self);
}

void
fulcra__inflaters_free(FulcraInflaters *self)
{
    while (self->free != NULL) {
        FulcraInflater *inflater = self->free;

        self->free = inflater->next;
        inflater_free(inflater);
    }
    g_free(self);
}

FulcraInflater *
fulcra__inflater_borrow(FulcraInflaters *pool)
{
    FulcraInflater *self = pool->free;

    if (self != NULL) {
        pool->free = self->next;
        pool->n_free--;
        return self;
    }
    self = g_new0(FulcraInflater, 1);
    self->pool = pool;
    if (inflateInit2(&self->stream, -FULCRA_DEFLATE_WINDOW_MOST) != Z_OK)
        g_error("out of memory for decompression");
    return self;
}

/* A reset forgets the window: nothing of one socket reaches another. */
void
fulcra__inflater_return(FulcraInflater *self)
{
    FulcraInflaters *pool;

    if (self == NULL)
        return;
    pool = self->pool;
    if (pool->n_free == POOL_LIMIT || inflateReset(&self->stream) != Z_OK) {
        inflater_free(self);
        return;
    }
    self->stream.avail_in = 0;
    self->more = self->ended = false;
    self->next = pool->free;
    pool->free = self;
    pool->n_free++;
}

void
fulcra__inflater_feed(FulcraInflater *self, const uint8_t *data, size_t size)
{
    self->stream.next_in = (z_const Bytef *)data;
    self->stream.avail_in = (uInt)MIN(size, UINT32_MAX);
    self->more = size > 0;
}

/* A message may end in a final block and without the empty one that stands for
 * the tail (RFC 7692 section 7.2.3.4 shows both). */
void
fulcra__inflater_feed_end(FulcraInflater *self)
{
    if (!self->ended)
        fulcra__inflater_feed(self, tail, sizeof(tail));
}

/* Behind a final block a new stream begins. */
static bool
inflater_step(FulcraInflater *self)
{
    int status;

    self->ended = self->ended && self->stream.avail_in == 0;
    status = inflate(&self->stream, Z_SYNC_FLUSH);
    if (status == Z_STREAM_END) {
        self->ended = self->stream.avail_in == 0;
        return inflateReset(&self->stream) == Z_OK;
    }
    return status == Z_OK ||
           (status == Z_BUF_ERROR && self->stream.avail_in == 0);
}

FulcraInflateResult
fulcra__inflater_next(FulcraInflater *self, const uint8_t **data, size_t *size)
{
    while (self->more) {
        self->stream.next_out = self->pool->piece;
        self->stream.avail_out = PIECE_SIZE;
        if (!inflater_step(self))
            return FULCRA_INFLATE_BAD;
        self->more = self->stream.avail_in > 0 || self->stream.avail_out == 0;
        *data = self->pool->piece;
        *size = PIECE_SIZE - self->stream.avail_out;
        if (*size > 0)
            return FULCRA_INFLATE_PIECE;
    }
    return FULCRA_INFLATE_MORE;
}

/* zlib sets 128 between two blocks: what ends elsewhere was cut. */
bool
fulcra__inflater_is_complete(const FulcraInflater *self)
{
    return self->ended || (self->stream.data_type & 128) != 0;
}
