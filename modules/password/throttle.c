/* SPDX-License-Identifier: MIT */

/*
 * throttle.c - see throttle.h
 *
 * Names come from outside and are kept as a keyed digest: entries have one
 * size, and nobody can choose names that collide in the table.
 */

#include "throttle.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

/* An attempt that did not end within this time never will. */
#define MAX_PENDING (60 * (int64_t)G_USEC_PER_SEC)

typedef struct {
    uint8_t digest[32];
    GList link;    /* in order: the longest ago first */
    double tokens; /* when it was `updated` */
    int64_t updated;
    unsigned pending;      /* attempts */
    int64_t pending_since; /* the last one */
    unsigned strikes;      /* failures since the bucket was empty */
    int64_t blocked_until;
} Entry;

struct _Throttle {
    uint8_t key[32];
    GHashTable *entries; /* a set of Entry, owned by it */
    GQueue order;
};

static unsigned
entry_hash(const void *entry)
{
    unsigned hash;

    memcpy(&hash, ((const Entry *)entry)->digest, sizeof hash);
    return hash;
}

static gboolean
entry_equal(const void *a, const void *b)
{
    return memcmp(((const Entry *)a)->digest, ((const Entry *)b)->digest,
                   sizeof((const Entry *)a)->digest) == 0;
}

Throttle *
throttle_new(void)
{
    Throttle *self = g_new0(Throttle, 1);

    /* At most 256 bytes are never cut short. */
    if (getrandom(self->key, sizeof self->key, 0) != sizeof self->key)
        g_error("no random bytes for the table of logins");
    self->entries =
            g_hash_table_new_full(entry_hash, entry_equal, NULL, g_free);
    g_queue_init(&self->order);
    return self;
}

void
throttle_free(Throttle *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->entries);
    g_free(self);
}

unsigned
throttle_size(Throttle *self)
{
    return g_hash_table_size(self->entries);
}

/* --- entries --- */

static Entry *
find(Throttle *self, const void *who, size_t length, Entry *wanted)
{
    GHmac *digest = g_hmac_new(G_CHECKSUM_SHA256, self->key, sizeof self->key);
    gsize n_digest = sizeof wanted->digest;

    g_hmac_update(digest, who, (gssize)length);
    g_hmac_get_digest(digest, wanted->digest, &n_digest);
    g_hmac_unref(digest);

    Entry *entry = g_hash_table_lookup(self->entries, wanted);
    if (entry != NULL) {
        g_queue_unlink(&self->order, &entry->link);
        g_queue_push_tail_link(&self->order, &entry->link);
    }
    return entry;
}

static void
drop(Throttle *self, Entry *entry)
{
    g_queue_unlink(&self->order, &entry->link);
    g_hash_table_remove(self->entries, entry);
}

static Entry *
find_or_add(Throttle *self, const ThrottleLimits *limits, const void *who,
        size_t length, int64_t now)
{
    Entry wanted;
    Entry *entry = find(self, who, length, &wanted);

    if (entry != NULL)
        return entry;
    while (g_queue_get_length(&self->order) >= limits->max_entries)
        drop(self, g_queue_peek_head(&self->order));
    entry = g_new0(Entry, 1);
    memcpy(entry->digest, wanted.digest, sizeof entry->digest);
    entry->link.data = entry;
    entry->tokens = limits->failures;
    entry->updated = now;
    g_hash_table_add(self->entries, entry);
    g_queue_push_tail_link(&self->order, &entry->link);
    return entry;
}

/* --- the bucket --- */

static int64_t
time_of_one(const ThrottleLimits *limits)
{
    return limits->window / limits->failures;
}

static void
update(Entry *entry, const ThrottleLimits *limits, int64_t now)
{
    double gained = (double)(now - entry->updated) * (double)limits->failures /
                    (double)limits->window;

    entry->tokens = MIN(entry->tokens + gained, (double)limits->failures);
    entry->updated = now;
    if (entry->strikes > 0 && now > entry->blocked_until + limits->max_delay)
        entry->strikes = 0;
    if (now > entry->pending_since + MAX_PENDING)
        entry->pending = 0;
}

/* After a strike there is one attempt at a time. */
static unsigned
attempts_left(const Entry *entry)
{
    return entry->strikes > 0 ? 1 : (unsigned)(entry->tokens + 1e-6);
}

static int64_t
delay_of(const Entry *entry, const ThrottleLimits *limits)
{
    int64_t delay = time_of_one(limits);

    for (unsigned i = 1; i < entry->strikes && delay < limits->max_delay; i++)
        delay *= 2;
    return MIN(delay, limits->max_delay);
}

int64_t
throttle_begin(Throttle *self, const ThrottleLimits *limits, const void *who,
        size_t length, int64_t now)
{
    Entry *entry = find_or_add(self, limits, who, length, now);

    update(entry, limits, now);
    if (now < entry->blocked_until)
        return entry->blocked_until - now;
    if (entry->pending >= attempts_left(entry))
        return time_of_one(limits);
    entry->pending++;
    entry->pending_since = now;
    return 0;
}

static void
end_attempt(Entry *entry)
{
    if (entry->pending > 0)
        entry->pending--;
}

void
throttle_fail(Throttle *self, const ThrottleLimits *limits, const void *who,
        size_t length, int64_t now)
{
    Entry *entry = find_or_add(self, limits, who, length, now);

    update(entry, limits, now);
    end_attempt(entry);
    entry->tokens = MAX(entry->tokens - 1, 0);
    if (entry->strikes == 0 && attempts_left(entry) > 0)
        return;
    entry->strikes++;
    entry->blocked_until = now + delay_of(entry, limits);
}

void
throttle_succeed(Throttle *self, const void *who, size_t length, bool forgive)
{
    Entry wanted;
    Entry *entry = find(self, who, length, &wanted);

    if (entry == NULL)
        return;
    if (forgive)
        drop(self, entry);
    else
        end_attempt(entry);
}

void
throttle_withdraw(Throttle *self, const void *who, size_t length)
{
    throttle_succeed(self, who, length, false);
}
