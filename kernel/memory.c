/* SPDX-License-Identifier: MIT */

/*
 * memory.c - memory of what is made for each request
 *
 * In a file of its own, so that memset() is called: what the compiler writes
 * in its place for a size that it knows takes three times as long. calloc()
 * goes past the allocator's lists of the thread, so it is no alternative.
 *
 * The allocator keeps seven pieces of each size for a thread. A turn of an
 * event loop in which sixteen messages came from one socket needs more: a few
 * dozen small blocks of each size, or 8 KiB of the larger ones, are kept here,
 * by the thread that freed them. Sanitizers see plain memory, so that they see
 * its misuse.
 */

#include "private/memory.h"
#include "private/thread.h"

#include <glib.h>
#include <string.h>

void *
fulcra__zeroed(size_t size)
{
    return memset(g_malloc(size), 0, size);
}

/* --- blocks --- */

#define UNIT       64 /* bytes: sizes are multiples of it */
#define N_SIZES    20
#define MOST_KEPT  32   /* of each size */
#define BYTES_KEPT 8192 /* likewise */

typedef struct Block Block;
struct Block {
    Block *next;
};

typedef struct {
    Block *first;
    unsigned n;
} Blocks;

static FULCRA__THREAD_LOCAL Blocks kept[N_SIZES];
static FULCRA__THREAD_LOCAL bool keeps; /* they are freed with the thread */
static pthread_key_t keeps_key;
static pthread_once_t keeps_once = PTHREAD_ONCE_INIT;

static void
blocks_free(void *data)
{
    (void)data;
    keeps = false;
    for (size_t i = 0; i < N_SIZES; i++)
        while (kept[i].first != NULL) {
            Block *block = kept[i].first;

            kept[i].first = block->next;
            kept[i].n--;
            g_free(block);
        }
}

static void
keeps_key_make(void)
{
    pthread_key_create(&keeps_key, blocks_free);
}

static Blocks *
blocks_of(size_t size)
{
    return !FULCRA_SANITIZED && size <= UNIT * N_SIZES
                   ? &kept[(size - 1) / UNIT]
                   : NULL;
}

void *
fulcra__block_new(size_t size)
{
    Blocks *blocks = blocks_of(size);

    if (blocks == NULL)
        return g_malloc(size);
    Block *block = blocks->first;
    if (block == NULL)
        return g_malloc((size + UNIT - 1) / UNIT * UNIT);
    blocks->first = block->next;
    blocks->n--;
    return block;
}

static bool
blocks_are_full(const Blocks *self, size_t size)
{
    return self->n == MOST_KEPT || self->n * size >= BYTES_KEPT;
}

void
fulcra__block_free(void *block, size_t size)
{
    Blocks *blocks = blocks_of(size);

    if (blocks == NULL || blocks_are_full(blocks, size)) {
        g_free(block);
        return;
    }
    if (!keeps) {
        pthread_once(&keeps_once, keeps_key_make);
        pthread_setspecific(keeps_key, kept);
        keeps = true;
    }
    ((Block *)block)->next = blocks->first;
    blocks->first = block;
    blocks->n++;
}

void *
fulcra__block_new_zeroed(size_t size)
{
    return memset(fulcra__block_new(size), 0, size);
}
