/* SPDX-License-Identifier: MIT */

/*
 * listen.c - from "127.0.0.1", 8080 to a listening socket, or to a sentence
 * that helps
 */

#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fulcra/error.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS_TRIED 20u

typedef struct {
    struct sockaddr_storage storage;
    socklen_t length;
    bool v6;
} Address;

static void
set_port(Address *address, uint16_t port)
{
    if (address->v6)
        ((struct sockaddr_in6 *)&address->storage)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
}

static bool
resolve(const char *text, Address *address, GError **error)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found = NULL;
    g_autofree char *bare = g_strdup(text);

    if (bare[0] == '[' && g_str_has_suffix(bare, "]")) {
        bare[strlen(bare) - 1] = '\0';
        memmove(bare, bare + 1, strlen(bare));
    }
    if (strcmp(bare, "localhost") == 0)
        strcpy(bare, "127.0.0.1"); /* as long as "localhost" */
    if (getaddrinfo(bare, NULL, &hints, &found) != 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "cannot listen on \"%s\": it is not a numeric address; type "
                "for example --listen 127.0.0.1:8080",
                text);
        return false;
    }
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    address->v6 = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    return true;
}

/* A bound socket, or -1 with errno. */
static int
bind_to(const Address *address)
{
    int yes = 1;
    int fd = socket(address->storage.ss_family,
            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->length) ==
            0)
        return fd;
    int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

static int
listen_on(const Address *address)
{
    int fd = bind_to(address);

    if (fd < 0 || listen(fd, SOMAXCONN) == 0)
        return fd;
    int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

/* The next port above @port that could be bound. */
static uint16_t
free_port(Address *address, uint16_t port)
{
    unsigned last = MIN(port + PORTS_TRIED, 65535u);

    for (unsigned next = port + 1u; next <= last; next++) {
        set_port(address, (uint16_t)next);
        int fd = listen_on(address);

        if (fd >= 0) {
            close(fd);
            return (uint16_t)next;
        }
    }
    return 0;
}

static void
explain(int failed, const FulcraHttpListener *listener, Address *address,
        GError **error)
{
    const char *host = listener->address;
    bool bracket = address->v6 && host[0] != '[';
    g_autofree char *at = g_strdup_printf(
            "%s%s%s", bracket ? "[" : "", host, bracket ? "]" : "");
    unsigned port = listener->port;

    if (failed == EADDRINUSE)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "cannot listen on %s:%u: the port is in use; to take another, "
                "type --listen %s:%u",
                at, port, at, free_port(address, listener->port));
    else if (failed == EACCES)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "cannot listen on %s:%u: ports below 1024 need privileges; "
                "type for example --listen %s:8080",
                at, port, at);
    else if (failed == EADDRNOTAVAIL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "cannot listen on %s:%u: this machine does not have that "
                "address; type for example --listen 127.0.0.1:%u",
                at, port, port);
    else
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "cannot listen on %s:%u: %s", at, port, g_strerror(failed));
}

uint16_t
fulcra__http_bound_port(int fd)
{
    struct sockaddr_storage bound = { 0 };
    socklen_t length = sizeof bound;

    getsockname(fd, (struct sockaddr *)&bound, &length);
    if (bound.ss_family != AF_INET && bound.ss_family != AF_INET6)
        return 0;
    return ntohs(bound.ss_family == AF_INET6
                         ? ((struct sockaddr_in6 *)&bound)->sin6_port
                         : ((struct sockaddr_in *)&bound)->sin_port);
}

char *
fulcra__http_bound_host(int fd)
{
    struct sockaddr_storage bound = { 0 };
    socklen_t length = sizeof bound;
    char host[INET6_ADDRSTRLEN] = "";

    getsockname(fd, (struct sockaddr *)&bound, &length);
    if (bound.ss_family == AF_INET || bound.ss_family == AF_INET6)
        fulcra__http_address_to_host(&bound, host);
    return g_strdup(host);
}

int
fulcra__http_listen(
        const FulcraHttpListener *listener, uint16_t *port, GError **error)
{
    Address address = { 0 };

    if (!resolve(listener->address, &address, error))
        return -1;
    set_port(&address, listener->port);
    int fd = listen_on(&address);
    if (fd < 0) {
        explain(errno, listener, &address, error);
        return -1;
    }
    *port = fulcra__http_bound_port(fd);
    return fd;
}

/* --- addresses of clients --- */

static bool
is_mapped(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_V4MAPPED(
                   &((const struct sockaddr_in6 *)address)->sin6_addr);
}

void
fulcra__http_address_to_host(
        const struct sockaddr_storage *address, char host[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

    if (is_mapped(address))
        inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, host, INET6_ADDRSTRLEN);
    else if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, host, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET, &v4->sin_addr, host, INET6_ADDRSTRLEN);
}

bool
fulcra__http_address_is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

    if (address->ss_family == AF_UNIX)
        return true;
    if (is_mapped(address))
        return v6->sin6_addr.s6_addr[12] == 127;
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
}
