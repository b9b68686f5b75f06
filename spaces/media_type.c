/* SPDX-License-Identifier: MIT */

/*
 * media_type.c - media types by file extension
 *
 * A table of our own: a server must not answer differently because a package
 * with the system's database is missing.
 */

#include "spaces/kinds.h"

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

const char *
fulcra_media_type_of(const char *file)
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
    return "application/octet-stream";
}
