/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Listening sockets and addresses
 */

#include "http/server.h"

#include <netinet/in.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/**
 * fulcra__http_listen:
 * @port: (out): what it is bound to
 *
 * Returns: a non-blocking listening socket; -1 with an error that says what is
 * wrong with the address, and what could be typed instead
 */
int fulcra__http_listen(
        const FulcraHttpListener *listener, uint16_t *port, GError **error);

/** What the listening socket @fd is bound to; 0 for no IP socket. */
uint16_t fulcra__http_bound_port(int fd);

/** Likewise; "" for no IP socket. (transfer full) */
char *fulcra__http_bound_host(int fd);

/** The numeric host of @address into @host; IPv4 in IPv6 as IPv4. */
void fulcra__http_address_to_host(
        const struct sockaddr_storage *address, char host[INET6_ADDRSTRLEN]);

bool fulcra__http_address_is_loopback(const struct sockaddr_storage *address);

G_END_DECLS
