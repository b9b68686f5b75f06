/* SPDX-License-Identifier: MIT */

/*
 * cache_room.c - which answers are kept where there is not room for all
 *
 * As long as there is room, all are. Then one has to earn it: it took long to
 * make, or somebody follows it, or it was asked for before. So what comes once
 * and never again, as identifiers made of a client's messages may, pushes out
 * next to nothing. What was turned away is remembered by hash, in small sets,
 * until four more of its set were turned away: that is how far "before" reaches
 * back. A few are let in all the same, so that what comes in larger rounds than
 * that takes the place of what nobody asks for any more.
 *
 * Room is made by looking at a few entries and dropping the one that is worth
 * least: seldom used, cheap to make, large. They stand far apart in the table,
 * and a hand moves past all of them in turn, so that those that came together
 * are not judged together, and each is looked at as often as any other. What an
 * entry is worth halves each time: uses of long ago count less.
 */

#include "private/cache_room.h"
#include "private/request.h"
#include <fulcra-host/stats.h>
#include <string.h>

#define SAMPLES   8
#define ASKING_US 10   /* what asking costs, however cheap the evaluation */
#define LONG_US   1000 /* what takes longer is kept when it comes first */
#define ONE_IN    64   /* of those that have not earned it */

/* Room for each set of what was turned away: so many are remembered as there
 * are entries, or more, in a 128th of the room. */
#define BYTES_A_SET 2048
#define MOST_SETS   (1u << 22)

void
fulcra__cache_room_init(FulcraCacheRoom *self, size_t max_bytes)
{
    unsigned n = 1;

    while (n < max_bytes / BYTES_A_SET && n < MOST_SETS)
        n *= 2;
    *self = (FulcraCacheRoom){ .max_bytes = max_bytes, .n_sets = n };
    self->turned_away = g_malloc0_n(n, sizeof self->turned_away[0]);
}

void
fulcra__cache_room_clear(FulcraCacheRoom *self)
{
    g_free(self->turned_away);
}

/* --- who is let in --- */

/* The lower bits chose the shard. */
static unsigned *
room_set(const FulcraCacheRoom *self, unsigned hash)
{
    return self->turned_away[(hash >> 4) & (self->n_sets - 1)];
}

void
fulcra__cache_room_remember(
        FulcraCacheRoom *self, const FulcraCacheEntry *entry)
{
    unsigned *set = room_set(self, entry->question.hash);

    memmove(&set[1], &set[0], (FULCRA__CACHE_WAYS - 1) * sizeof set[0]);
    set[0] = entry->question.hash;
}

static bool
room_remembers(const FulcraCacheRoom *self, const FulcraCacheEntry *entry)
{
    const unsigned *set = room_set(self, entry->question.hash);

    for (int i = 0; i < FULCRA__CACHE_WAYS; i++)
        if (set[i] == entry->question.hash)
            return true;
    return false;
}

static bool
room_is_earned(const FulcraCacheRoom *self, const FulcraCacheEntry *entry,
        FulcraRequest *request)
{
    return entry->cost_us >= LONG_US || request->root->follows ||
           room_remembers(self, entry);
}

const char *
fulcra__cache_room_refuses(FulcraCacheRoom *self, const FulcraCacheTable *table,
        const FulcraCacheEntry *entry, FulcraRequest *request, bool has_place)
{
    if (self->max_bytes == 0)
        return "kernel.cache is 0: no answer is kept";
    if (entry->bytes > self->max_bytes / 4)
        return "it takes more than a 64th of kernel.cache";
    if (has_place || table->bytes + entry->bytes <= self->max_bytes ||
            room_is_earned(self, entry, request) ||
            ++self->n_unearned % ONE_IN == 0)
        return NULL;
    fulcra__cache_room_remember(self, entry);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_TURNED_AWAY, 1);
    return "there is no room for what comes first: kept when asked for again";
}

/* --- who goes --- */

/* What one use of it saves, by the room that it takes. */
static float
entry_price(const FulcraCacheEntry *self)
{
    return (float)(self->cost_us + ASKING_US) / (float)self->bytes;
}

static float
entry_look(FulcraCacheEntry *self)
{
    unsigned uses = self->uses - self->uses_seen;

    self->uses_seen = self->uses;
    self->worth = self->worth / 2 + (float)uses * entry_price(self);
    return self->worth;
}

static FulcraCacheEntry *
room_find_worst(FulcraCacheRoom *self, const FulcraCacheTable *table)
{
    size_t n = table->entries->len;
    FulcraCacheEntry *worst = NULL;
    float least = 0;

    self->hand = self->hand + 1 < n ? self->hand + 1 : 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        FulcraCacheEntry *entry = g_ptr_array_index(
                table->entries, (self->hand + i * n / SAMPLES) % n);
        float worth = entry_look(entry);

        if (worst == NULL || worth < least) {
            worst = entry;
            least = worth;
        }
    }
    return worst;
}

void
fulcra__cache_room_make(FulcraCacheRoom *self, FulcraCacheTable *table,
        FulcraCacheEntry *entry, FulcraCacheEntry **gone)
{
    entry->worth = entry_price(entry); /* that it came counts as a use */
    while (table->bytes + entry->bytes > self->max_bytes &&
            table->entries->len > 0) {
        fulcra_host_stats_add(FULCRA_STAT_CACHE_EVICTED, 1);
        fulcra__cache_table_take(table, room_find_worst(self, table), gone);
    }
}
