/* SPDX-License-Identifier: MIT */

/*
 * fileset_load.c - from open files to a representation
 *
 * A compressed sibling is left with the answer as a coded form. To answer with
 * it here would hand compressed bytes to whatever endpoint reads the file on
 * behalf of a request that came with Accept-Encoding.
 */

#include "spaces/fileset_load.h"
#include "spaces/kinds.h"
#include <fulcra-host/request.h>
#include <fulcra/error.h>

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

/* Reads @size bytes, or fewer where the file has shrunk. (transfer full) */
static char *
read_all(int fd, size_t size, size_t *length, GError **error)
{
    g_autofree char *data = g_try_malloc(size + 1);
    size_t have = 0;

    while (data != NULL && have < size) {
        ssize_t got = read(fd, data + have, size - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                    "reading failed: %s", g_strerror(errno));
            return NULL;
        }
        if (got == 0)
            break;
        have += (size_t)got;
    }
    if (data == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_OVERLOADED,
                "no memory for a file of %zu bytes", size);
        return NULL;
    }
    data[have] = '\0';
    *length = have;
    return g_steal_pointer(&data);
}

/* As Last-Modified has it; a time yet to come must not be said (RFC 9110
 * section 8.8.2.1). (transfer full) (nullable) */
static char *
date_of(const struct stat *status)
{
    g_autoptr(GDateTime) date = NULL;

    if (status->st_mtim.tv_sec > g_get_real_time() / G_USEC_PER_SEC)
        return NULL;
    date = g_date_time_new_from_unix_utc(status->st_mtim.tv_sec);
    if (date == NULL)
        return NULL;

    static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
        "Sun" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d GMT",
            days[g_date_time_get_day_of_week(date) - 1],
            g_date_time_get_day_of_month(date),
            months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
            g_date_time_get_hour(date), g_date_time_get_minute(date),
            g_date_time_get_second(date));
}

/* The bytes of @file with their entity tag. */
static FulcraRepresentation *
load_bytes(const FulcraFilesetFile *file, const char *type, GError **error)
{
    const struct stat *status = &file->status;
    size_t length;
    char *data = read_all(file->fd, (size_t)status->st_size, &length, error);

    if (data == NULL)
        return NULL;
    g_autofree char *etag = g_strdup_printf("\"%" PRIx64 "-%" PRIx64 "-%zx\"",
            (uint64_t)status->st_mtim.tv_sec * 1000000000u +
                    (uint64_t)status->st_mtim.tv_nsec,
            (uint64_t)status->st_ino, length);
    return fulcra_representation_with_header(
            fulcra_representation_new_take(type, data, length, g_free), "ETag",
            etag);
}

/* A sibling that cannot be read is one that is not there. */
static void
load_codings(const FulcraFilesetFound *found, int64_t max_size,
        FulcraRepresentation *answer)
{
    const char *type = fulcra_representation_get_type(answer);

    for (size_t i = 0; i < FULCRA_FILESET_N_CODINGS; i++) {
        const FulcraFilesetFile *file = &found->coded[i];
        FulcraRepresentation *form =
                file->fd >= 0 && file->status.st_size <= max_size
                        ? load_bytes(file, type, NULL)
                        : NULL;

        if (form != NULL)
            fulcra_host_representation_add_coding(
                    answer, fulcra__fileset_codings[i], form);
    }
}

FulcraRepresentation *
fulcra__fileset_load(
        const FulcraFilesetFound *found, int64_t max_size, GError **error)
{
    const struct stat *status = &found->file.status;
    g_autofree char *date = date_of(status);

    if (status->st_size > max_size) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "'%s' has %" G_GINT64_FORMAT " bytes; the fileset's maxSize "
                "is %" G_GINT64_FORMAT,
                found->path, (int64_t)status->st_size, max_size);
        return NULL;
    }
    FulcraRepresentation *answer =
            load_bytes(&found->file, fulcra_media_type_of(found->path), error);
    if (answer == NULL)
        return NULL;

    if (date != NULL)
        answer = fulcra_representation_with_header(
                answer, "Last-Modified", date);
    /* browsers may keep it, and ask each time whether it still holds */
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Cache-Control", "no-cache");
    answer = fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
    load_codings(found, max_size, answer);
    return answer;
}
