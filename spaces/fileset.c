/* SPDX-License-Identifier: MIT */

/*
 * fileset.c - files below a folder of a module, as resources
 *
 * What a path may reach is decided by the system, not by looking at the text:
 * every segment is opened on its own, relative to the descriptor of the one
 * before it, and never through a link. "." and ".." are refused with all names
 * that begin with a dot, so a walk cannot leave the root it began in, whatever
 * is renamed meanwhile. (openat2() would do that in one call; sandboxes forbid
 * it often enough that the walk would be needed anyway.)
 *
 * The endpoint is CONCURRENT, because disks block. Its answers are expired at
 * once: the file is looked at for every request, and small ones that have not
 * changed are then answered from memory (fileset_cache.c).
 */

#include "spaces/fileset_cache.h"
#include "spaces/kinds.h"
#include <fulcra/fulcra.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    int root; /* O_PATH */
    char *index;
    int64_t max_size;
    FulcraFilesetCache *cache;
} Fileset;

static void
fileset_free(void *data)
{
    Fileset *self = data;

    close(self->root);
    g_free(self->index);
    fulcra__fileset_cache_free(self->cache);
    g_free(self);
}

/* --- finding a file --- */

/* Names that no file is served under: hidden ones, "." and ".." among them,
 * and those that only serve to confuse somebody else's parser. */
static bool
segment_is_fine(const char *segment)
{
    if (segment[0] == '\0' || segment[0] == '.')
        return false;
    for (const char *c = segment; *c != '\0'; c++)
        if (*c == '\\' || g_ascii_iscntrl(*c))
            return false;
    return g_utf8_validate(segment, -1, NULL);
}

/* Opens the file @path below @folder; -1 where there is none to be served. */
static int
walk(int folder, const char *path)
{
    g_auto(GStrv) segments = g_strsplit(path, "/", -1);
    int at = folder;

    for (size_t i = 0; segments[i] != NULL; i++) {
        bool last = segments[i + 1] == NULL;
        int flags =
                last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
        int next = segment_is_fine(segments[i])
                           ? openat(at, segments[i],
                                     flags | O_NOFOLLOW | O_CLOEXEC)
                           : -1;

        if (at != folder)
            close(at);
        if (next < 0)
            return -1;
        at = next;
    }
    return at;
}

/* What a path leads to. */
typedef struct {
    int fd; /* -1: nothing */
    struct stat status;
    char *path; /* with the index, where it names a folder */
} Found;

static void
found_clear(Found *self)
{
    if (self->fd >= 0)
        close(self->fd);
    g_free(self->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

static void
find(Fileset *self, const char *path, Found *found)
{
    bool folder = path[0] == '\0' || g_str_has_suffix(path, "/");

    found->path = g_strconcat(path, folder ? self->index : NULL, NULL);
    found->fd = walk(self->root, found->path);
    if (found->fd < 0)
        return;
    if (fstat(found->fd, &found->status) == 0 &&
            (S_ISREG(found->status.st_mode) ||
                    (S_ISDIR(found->status.st_mode) && !folder)))
        return;
    close(found->fd);
    found->fd = -1;
}

/* --- answering --- */

/* The client is sent to the same path with a slash, by a reference that is
 * relative to the last segment: we do not know what stands in front of us. */
static FulcraRepresentation *
redirect(FulcraRequest *request)
{
    const char *text =
            fulcra_identifier_get_text(fulcra_request_get_identifier(request));
    const char *slash = strrchr(text, '/');
    g_autofree char *segment =
            g_uri_unescape_string(slash != NULL ? slash + 1 : text, NULL);
    g_autofree char *escaped =
            g_uri_escape_string(segment != NULL ? segment : "", NULL, FALSE);
    g_autofree char *location = g_strdup_printf("./%s/", escaped);
    FulcraRepresentation *answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s\n", location);

    answer = fulcra_representation_with_header(
            answer, "httpResponse:/code", "308");
    return fulcra_representation_with_header(
            answer, "httpResponse:/header/Location", location);
}

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

static FulcraRepresentation *
load(Fileset *self, const Found *found, GError **error)
{
    const struct stat *status = &found->status;
    size_t length;

    if (status->st_size > self->max_size) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "'%s' has %" G_GINT64_FORMAT " bytes; the fileset's maxSize "
                "is %" G_GINT64_FORMAT,
                found->path, (int64_t)status->st_size, self->max_size);
        return NULL;
    }

    char *data = read_all(found->fd, (size_t)status->st_size, &length, error);
    if (data == NULL)
        return NULL;

    g_autofree char *etag = g_strdup_printf("\"%" PRIx64 "-%" PRIx64 "-%zx\"",
            (uint64_t)status->st_mtim.tv_sec * 1000000000u +
                    (uint64_t)status->st_mtim.tv_nsec,
            (uint64_t)status->st_ino, length);
    FulcraRepresentation *answer = fulcra_representation_new_take(
            fulcra_media_type_of(found->path), data, length, g_free);
    answer = fulcra_representation_with_header(answer, "ETag", etag);
    /* browsers may keep it, and ask each time whether it still holds */
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Cache-Control", "no-cache");
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
fileset_source(FulcraRequest *request, GError **error)
{
    Fileset *self = fulcra_request_get_data(request);
    const char *path = fulcra_request_get_argument(request, "path");
    g_auto(Found) found = { .fd = -1 };

    if (path == NULL)
        return redirect(request);
    find(self, path, &found);
    if (found.fd < 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no file '%s'",
                found.path);
        return NULL;
    }
    if (S_ISDIR(found.status.st_mode))
        return redirect(request);

    FulcraRepresentation *answer =
            fulcra__fileset_cache_get(self->cache, found.path, &found.status);
    if (answer == NULL) {
        answer = load(self, &found, error);
        if (answer != NULL)
            fulcra__fileset_cache_put(
                    self->cache, found.path, &found.status, answer);
    }
    return answer;
}

static FulcraRepresentation *
fileset_exists(FulcraRequest *request, GError **error)
{
    const char *path = fulcra_request_get_argument(request, "path");
    g_auto(Found) found = { .fd = -1 };

    if (path != NULL)
        find(fulcra_request_get_data(request), path, &found);
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(path == NULL || found.fd >= 0),
            FULCRA_EXPIRY_ALWAYS, 0);
}

static const FulcraEndpointOps fileset_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = fileset_source,
    .exists = fileset_exists,
    .destroy = fileset_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey fileset_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers; {path*} is the file's path" },
    { "root", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "the folder, within the module's own" },
    { "index", FULCRA_SCHEMA_TEXT, .fallback = "index.html",
            .help = "the file that stands for its folder" },
    { "maxSize", FULCRA_SCHEMA_SIZE, .fallback = "16MiB", .min = 1,
            .max = INT64_C(1) << 30,
            .help = "the largest file that is served" },
    { NULL },
};

static const FulcraSchema fileset_schema = { "fileset", fileset_keys, NULL,
    "Files below a folder of the module." };

/* res:/shop/{path*} answers res:/shop as well. */
static void
bind_without_slash(
        FulcraEntry *entry, const char *grammar, FulcraEndpoint *endpoint)
{
    const char *slash = strrchr(grammar, '/');
    g_autofree char *prefix = NULL;

    if (slash == NULL || strcmp(slash, "/{path*}") != 0 || slash[-1] == ':')
        return;
    prefix = g_strndup(grammar, (size_t)(slash - grammar));
    fulcra_host_space_bind(entry->space, prefix, 1u << FULCRA_VERB_SOURCE,
            entry->visibility, endpoint, NULL);
}

static void
bind_all(FulcraEntry *entry, JsonNode *grammar, FulcraEndpoint *endpoint)
{
    if (!fulcra_host_entry_bind(entry, grammar, FULCRA_VERBS_ALL, endpoint))
        return;
    if (!JSON_NODE_HOLDS_ARRAY(grammar)) {
        bind_without_slash(entry, json_node_get_string(grammar), endpoint);
        return;
    }

    JsonArray *all = json_node_get_array(grammar);
    for (unsigned i = 0; i < json_array_get_length(all); i++)
        bind_without_slash(
                entry, json_array_get_string_element(all, i), endpoint);
}

static int
open_root(FulcraEntry *entry)
{
    JsonNode *root = json_object_get_member(entry->definition, "root");
    g_autofree char *path = fulcra_host_entry_get_path(entry, root);
    int fd = -1;

    if (path != NULL) {
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            fulcra_host_entry_problem(
                    entry, root, "no folder: %s", g_strerror(errno));
    }
    return fd;
}

static void *
fileset_build(FulcraEntry *entry)
{
    JsonNode *index = json_object_get_member(entry->definition, "index");
    Fileset *self;
    int root = open_root(entry);

    if (root < 0)
        return NULL;
    self = g_new0(Fileset, 1);
    self->root = root;
    self->index = g_strdup(fulcra_host_json_get_text(
            entry->definition, "index", "index.html"));
    self->max_size =
            fulcra_host_json_get_size(entry->definition, "maxSize", 16 << 20);
    self->cache = fulcra__fileset_cache_new();
    if (!segment_is_fine(self->index) || strchr(self->index, '/') != NULL)
        fulcra_host_entry_problem(
                entry, index, "'%s' is not the name of a file", self->index);

    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("fileset", &fileset_ops, self, NULL);
    bind_all(entry, json_object_get_member(entry->definition, "grammar"),
            endpoint);
    return NULL;
}

const FulcraKind fulcra_kind_fileset = {
    .size = sizeof(FulcraKind),
    .name = "fileset",
    .schema = &fileset_schema,
    .help = "files below a folder of the module",
    .build = fileset_build,
};
