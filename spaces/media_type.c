/* SPDX-License-Identifier: MIT */

/*
 * media_type.c - media types by file extension
 *
 * A table of our own comes first: what the web is made of must not be answered
 * differently because a package is missing. All else the system's database
 * (shared-mime-info) is asked for, through GLib; without it GLib knows nothing
 * and says so.
 */

#include "spaces/kinds.h"

#include <fulcra/types.h>
#include <gio/gio.h>
#include <string.h>

/* Sorted by extension, for bsearch(). */
static const struct {
    const char *extension;
    const char *type;
} media_types[] = {
    { "avif", "image/avif" },
    { "bmp", "image/bmp" },
    { "c", "text/plain" },
    { "conf", "text/plain" },
    { "cpp", "text/plain" },
    { "css", "text/css" },
    { "csv", "text/csv" },
    { "gif", "image/gif" },
    { "gz", "application/gzip" },
    { "h", "text/plain" },
    { "htm", "text/html" },
    { "html", "text/html" },
    { "ico", "image/vnd.microsoft.icon" },
    { "ics", "text/calendar" },
    { "jpeg", "image/jpeg" },
    { "jpg", "image/jpeg" },
    { "js", "text/javascript" },
    { "json", "application/json" },
    { "jsonld", "application/ld+json" },
    { "log", "text/plain" },
    { "map", "application/json" },
    { "md", "text/markdown" },
    { "mjs", "text/javascript" },
    { "mp3", "audio/mpeg" },
    { "mp4", "video/mp4" },
    { "oga", "audio/ogg" },
    { "ogg", "audio/ogg" },
    { "ogv", "video/ogg" },
    { "opus", "audio/opus" },
    { "otf", "font/otf" },
    { "pdf", "application/pdf" },
    { "png", "image/png" },
    { "svg", "image/svg+xml" },
    { "tar", "application/x-tar" },
    { "ttf", "font/ttf" },
    { "txt", "text/plain" },
    { "wasm", "application/wasm" },
    { "wav", "audio/wav" },
    { "webm", "video/webm" },
    { "webmanifest", "application/manifest+json" },
    { "webp", "image/webp" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "xhtml", "application/xhtml+xml" },
    { "xml", "application/xml" },
    { "yaml", "application/yaml" },
    { "yml", "application/yaml" },
    { "zip", "application/zip" },
};

/* There are as many types as the database has: they may be interned. */
static const char *
ask_system(const char *file)
{
    g_autofree char *name = g_path_get_basename(file);
    gboolean uncertain = TRUE;
    g_autofree char *content = g_content_type_guess(name, NULL, 0, &uncertain);
    g_autofree char *type =
            uncertain ? NULL : g_content_type_get_mime_type(content);

    return type != NULL ? fulcra_intern(type) : NULL;
}

static const char *
look_up(const char *file)
{
    const char *dot = strrchr(file, '.');
    size_t low = 0, high = G_N_ELEMENTS(media_types);

    while (dot != NULL && low < high) {
        size_t middle = (low + high) / 2;
        int order = g_ascii_strcasecmp(dot + 1, media_types[middle].extension);

        if (order == 0)
            return media_types[middle].type;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *
fulcra_media_type_of(const char *file)
{
    const char *type = look_up(file);

    if (type == NULL)
        type = ask_system(file);
    return type != NULL ? type : "application/octet-stream";
}
