/* SPDX-License-Identifier: MIT */
/*
 * registry.c - who is connected: socket ids, addresses, numbers
 *
 * Touched when sockets open and close and when somebody looks one up, never
 * for a message: one lock for all loops.
 */
#include "websocket/socket.h"

#include <string.h>
#include <sys/random.h>

static bool
address_is_loopback(const char *address)
{
    return g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0 ||
           g_str_has_prefix(address, "::ffff:127.");
}

/* The table is a set of handles: half of what keys and values would take. */
unsigned
fulcra__handle_hash(const void *handle)
{
    return g_str_hash(((const FulcraSocketHandle *)handle)->id);
}

gboolean
fulcra__handle_equal(const void *a, const void *b)
{
    return strcmp(((const FulcraSocketHandle *)a)->id,
                   ((const FulcraSocketHandle *)b)->id) == 0;
}

/* With the lock held. */
static const char *
admit_locked(FulcraWebSockets *self, const char *address)
{
    unsigned n =
            GPOINTER_TO_UINT(g_hash_table_lookup(self->addresses, address));

    if (self->stopping)
        return "the server is stopping";
    if (self->draining)
        return "the server is about to restart";
    if (self->n_sockets >= self->limits.sockets)
        return "too many sockets";
    if (address_is_loopback(address)) {
        self->n_sockets++;
        return NULL;
    }
    if (n >= self->limits.per_address)
        return "too many sockets from one address";
    g_hash_table_replace(
            self->addresses, g_strdup(address), GUINT_TO_POINTER(n + 1));
    self->n_sockets++;
    return NULL;
}

const char *
fulcra__registry_admit(FulcraWebSockets *self, const char *address)
{
    const char *refusal;

    pthread_mutex_lock(&self->lock);
    refusal = admit_locked(self, address);
    pthread_mutex_unlock(&self->lock);
    return refusal;
}

void
fulcra__registry_leave(FulcraWebSockets *self, const char *address)
{
    unsigned n;

    pthread_mutex_lock(&self->lock);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(self->addresses, address));
    if (n > 1)
        g_hash_table_replace(
                self->addresses, g_strdup(address), GUINT_TO_POINTER(n - 1));
    else if (n == 1)
        g_hash_table_remove(self->addresses, address);
    self->n_sockets--;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

bool
fulcra__registry_add(FulcraWebSockets *self, FulcraSocketHandle *handle)
{
    bool is_new;

    pthread_mutex_lock(&self->lock);
    is_new = !g_hash_table_contains(self->handles, handle);
    if (is_new)
        g_hash_table_add(self->handles, handle);
    handle->registered = is_new;
    pthread_mutex_unlock(&self->lock);
    return is_new;
}

void
fulcra__registry_remove(FulcraWebSockets *self, FulcraSocketHandle *handle)
{
    pthread_mutex_lock(&self->lock);
    g_hash_table_remove(self->handles, handle);
    handle->registered = false;
    pthread_mutex_unlock(&self->lock);
}

/* The socket holds a reference to its handle for as long as it is in the
 * table, so one found under the lock is alive. */
FulcraSocket *
fulcra__registry_find(const char *id, void *websockets)
{
    FulcraWebSockets *self = websockets;
    FulcraSocketHandle key = { .id = id }, *handle;

    pthread_mutex_lock(&self->lock);
    handle = g_hash_table_lookup(self->handles, &key);
    if (handle != NULL)
        fulcra_socket_ref(&handle->base);
    pthread_mutex_unlock(&self->lock);
    if (handle == NULL || fulcra_socket_is_open(&handle->base))
        return (FulcraSocket *)handle;
    fulcra_socket_unref(&handle->base);
    return NULL;
}

char *
fulcra__registry_get_id(FulcraSocketHandle *handle)
{
    FulcraWebSockets *self = fulcra__handle_socket(handle)->home->owner;
    char *id = NULL;

    pthread_mutex_lock(&self->lock);
    if (handle->registered)
        id = g_strdup(handle->id);
    pthread_mutex_unlock(&self->lock);
    return id;
}

/* 128 random bits: whoever knows an id may be taken for its owner. */
static void
take_random(FulcraSocketLoop *home, uint8_t bytes[16])
{
    if (home->n_random < 16) {
        if (getrandom(home->random, sizeof(home->random), 0) !=
                (ssize_t)sizeof(home->random))
            g_error("the system gives no random bytes");
        home->n_random = sizeof(home->random);
    }
    home->n_random -= 16;
    memcpy(bytes, home->random + home->n_random, 16);
}

/* Six bits a character, so that an id and its NUL are 23 bytes. The two bits
 * that are left over come first: an id begins with a letter, and no command
 * takes it for an option. */
void
fulcra__registry_make_id(FulcraSocketLoop *home, char id[FULCRA_SOCKET_ID_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789_-";
    uint8_t bytes[18] = { 0 };

    take_random(home, bytes);
    for (unsigned i = 0; i < 22; i++) {
        unsigned at = i * 6 / 8, shift = 10 - i * 6 % 8;
        unsigned pair = (unsigned)bytes[at] << 8 | bytes[at + 1];

        id[21 - i] = digits[pair >> shift & 63];
    }
    id[22] = '\0';
}
