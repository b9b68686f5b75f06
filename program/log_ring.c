/* SPDX-License-Identifier: MIT */

/*
 * log_ring.c - see log_ring.h
 *
 * Lines come from any thread, and from code that holds locks of its own: what
 * is done under this lock calls nobody but the wake, which only posts.
 */

#include "log_ring.h"

#include <fulcra-host/sync.h>
#include <string.h>

typedef struct {
    FulcraLogLevel level;
    char *text;
} Slot;

static struct {
    pthread_mutex_t lock;
    Slot slots[FULCRA_LOG_RING_LINES];
    uint64_t first, next; /* numbers: of the oldest, of the one to come */
    size_t bytes;
    void (*wake)(void *user_data);
    void *user_data;
} ring = { .lock = PTHREAD_MUTEX_INITIALIZER, .first = 1, .next = 1 };

static Slot *
slot_of(uint64_t number)
{
    return &ring.slots[number % FULCRA_LOG_RING_LINES];
}

static void
drop_oldest(void)
{
    Slot *slot = slot_of(ring.first++);

    ring.bytes -= strlen(slot->text);
    g_clear_pointer(&slot->text, g_free);
}

void
fulcra_log_ring_add(FulcraLogLevel level, const char *text)
{
    size_t length = strlen(text);

    pthread_mutex_lock(&ring.lock);
    while (ring.first < ring.next &&
            (ring.next - ring.first == FULCRA_LOG_RING_LINES ||
                    ring.bytes + length > FULCRA_LOG_RING_BYTES))
        drop_oldest();
    *slot_of(ring.next++) = (Slot){ level, g_strdup(text) };
    ring.bytes += length;
    if (ring.wake != NULL)
        ring.wake(ring.user_data);
    ring.wake = NULL;
    pthread_mutex_unlock(&ring.lock);
}

uint64_t
fulcra_log_ring_read(uint64_t after,
        void (*each)(const FulcraLogLine *line, void *user_data),
        void *user_data)
{
    pthread_mutex_lock(&ring.lock);
    for (uint64_t number = MAX(after + 1, ring.first); number < ring.next;
            number++) {
        const Slot *slot = slot_of(number);
        const FulcraLogLine line = { number, slot->level, slot->text };

        each(&line, user_data);
    }
    uint64_t last = ring.next - 1;
    pthread_mutex_unlock(&ring.lock);
    return last;
}

void
fulcra_log_ring_set_wake(void (*wake)(void *user_data), void *user_data)
{
    pthread_mutex_lock(&ring.lock);
    ring.wake = wake;
    ring.user_data = user_data;
    pthread_mutex_unlock(&ring.lock);
}
