/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The service manager: systemd, if the program was built with it and runs
 * under it; otherwise nothing happens
 *
 * The control thread.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

void fulcra_service_say_ready(void);
void fulcra_service_say_reloading(void);
void fulcra_service_say_stopping(void);

/** @status: a line for `systemctl status` */
void fulcra_service_say_status(const char *status);

/** How often, in milliseconds, fulcra_service_say_alive() is expected; 0 for
 * not at all. */
unsigned fulcra_service_get_watchdog_ms(void);
void fulcra_service_say_alive(void);

/* A listening socket that the manager made. */
typedef struct {
    int fd;
    bool unix_socket;
    const char *name; /* interned: FileDescriptorName=, "" if unknown */
} FulcraServiceSocket;

/**
 * fulcra_service_take_sockets:
 * @n: (out): how many
 *
 * To be called once. Others than stream sockets that listen are closed, with a
 * line in the log.
 *
 * Returns: (transfer full) (nullable): for g_free()
 */
FulcraServiceSocket *fulcra_service_take_sockets(size_t *n);

G_END_DECLS
