/* SPDX-License-Identifier: MIT */

/* service.c - see service.h; libsystemd enters here */

#include "service.h"

#include <config.h>

#ifdef HAVE_SYSTEMD

#include <fulcra/log.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

void
fulcra_service_say_ready(void)
{
    sd_notify(0, "READY=1");
}

void
fulcra_service_say_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
            (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void
fulcra_service_say_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void
fulcra_service_say_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

unsigned
fulcra_service_get_watchdog_ms(void)
{
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) <= 0)
        return 0;
    /* twice as often as it would have to be, as sd_watchdog_enabled(3) says */
    return (unsigned)CLAMP(us / 2000, 1, G_MAXUINT);
}

void
fulcra_service_say_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

static bool
is_listener(int fd)
{
    return sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) > 0;
}

/* libsystemd's malloc() */
static void
free_names(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

FulcraServiceSocket *
fulcra_service_take_sockets(size_t *n)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    FulcraServiceSocket *sockets =
            count > 0 ? g_new0(FulcraServiceSocket, (size_t)count) : NULL;

    *n = 0;
    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;

        if (is_listener(fd)) {
            sockets[(*n)++] = (FulcraServiceSocket){ fd,
                sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0,
                g_intern_string(names != NULL ? names[i] : "") };
            continue;
        }
        fulcra_log_warning(NULL,
                "descriptor %d (%s) of the service manager is no stream "
                "socket that listens: closed",
                fd, names != NULL ? names[i] : "");
        close(fd);
    }
    free_names(names);
    return sockets;
}

#else

void
fulcra_service_say_ready(void)
{
}

void
fulcra_service_say_reloading(void)
{
}

void
fulcra_service_say_stopping(void)
{
}

void
fulcra_service_say_status(const char *status)
{
    (void)status;
}

unsigned
fulcra_service_get_watchdog_ms(void)
{
    return 0;
}

void
fulcra_service_say_alive(void)
{
}

FulcraServiceSocket *
fulcra_service_take_sockets(size_t *n)
{
    *n = 0;
    return NULL;
}

#endif
