/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * permessage-deflate (RFC 7692): messages compressed and decompressed
 *
 * Bytes in, bytes out; no frames here. Each message stands for itself: no
 * context is taken over, so a message is compressed once for all sockets, and
 * whoever is between two messages owns nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- compressing --- */

/* zlib cannot make raw streams with a window of 8 bits. */
#define FULCRA_DEFLATE_WINDOW_LEAST 9
#define FULCRA_DEFLATE_WINDOW_MOST  15

typedef struct _FulcraDeflater FulcraDeflater;

/** @window: bits; @least: bytes, shorter messages are not worth it */
FulcraDeflater *fulcra__deflater_new(unsigned window, size_t least);
void fulcra__deflater_free(FulcraDeflater *self /* (nullable) */);

unsigned fulcra__deflater_get_window(const FulcraDeflater *self);

/** Names the forms made with such a window. Interned. */
const char *fulcra__deflater_get_type(const FulcraDeflater *self);

/**
 * fulcra__deflater_run:
 * @compressed: (out): its length, less than @length
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): for g_free(); NULL where it would not
 * become shorter, or was not worth trying
 */
uint8_t *fulcra__deflater_run(FulcraDeflater *self, const void *data,
        size_t length, size_t *compressed);

/* --- decompressing --- */

/* What one that is borrowed holds, about: zlib's state and a window. */
#define FULCRA_INFLATER_SIZE ((size_t)40 * 1024)

typedef struct _FulcraInflaters FulcraInflaters; /* a pool, one for each loop */
typedef struct _FulcraInflater FulcraInflater;

FulcraInflaters *fulcra__inflaters_new(void);
void fulcra__inflaters_free(FulcraInflaters *self);

/** At the start of a message; it goes back at its end or before. */
FulcraInflater *fulcra__inflater_borrow(FulcraInflaters *pool);
void fulcra__inflater_return(FulcraInflater *self);

/** The next bytes of the message, valid until all pieces were taken. */
void fulcra__inflater_feed(
        FulcraInflater *self, const uint8_t *data, size_t size);

/** The message has ended; there may be more pieces. */
void fulcra__inflater_feed_end(FulcraInflater *self);

typedef enum {
    FULCRA_INFLATE_MORE,  /* all that was fed was taken */
    FULCRA_INFLATE_PIECE, /* @data, @size: until the next call of any */
    FULCRA_INFLATE_BAD,   /* is no DEFLATE data */
} FulcraInflateResult;

FulcraInflateResult fulcra__inflater_next(
        FulcraInflater *self, const uint8_t **data, size_t *size);

/** After the pieces of the end: whether it was one. */
bool fulcra__inflater_is_complete(const FulcraInflater *self);
