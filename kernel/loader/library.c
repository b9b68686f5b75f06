/* SPDX-License-Identifier: MIT */
/*
 * library.c - from a file to mapped code
 *
 * stage: the file is copied under a name that was never used before. The
 *   original can then be overwritten by the next build (a mapped file that is
 *   overwritten ends the process), and the same module can be mapped again
 *   (dlopen() answers a path it knows with the old code).
 * check: the copy is read as a file; what does not fit is refused before its
 *   constructors could run.
 * map: RTLD_NOW, so that a missing symbol is found now; RTLD_LOCAL, so that
 *   modules do not see one another.
 *
 * Code that was mapped is never unmapped: what still points into it (static
 * strings, vtables, threads) cannot be known.
 */

#include "library.h"

#include "image.h"

#include <fulcra/error.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(GError **error, const char *format, ...) FULCRA_PRINTF(2, 3);

static bool
refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_MODULE, message);
    return false;
}

/* --- stage --- */

static bool
read_all(int descriptor, char *bytes, size_t length)
{
    size_t done = 0;
    ssize_t got;

    while (done < length) {
        got = read(descriptor, bytes + done, length - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* (transfer full) (nullable) */
static char *
read_library(const char *file, size_t *length, GError **error)
{
    g_autofree char *bytes = NULL;
    struct stat status;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0) {
        refuse(error, "%s", g_strerror(errno));
        return NULL;
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        refuse(error, "not a regular file");
    } else if (status.st_size > (off_t)FULCRA_LIBRARY_MAX) {
        refuse(error, "%jd bytes; a shared object has at most %u",
                (intmax_t)status.st_size, FULCRA_LIBRARY_MAX);
    } else {
        *length = (size_t)status.st_size;
        bytes = g_malloc(*length + 1);
        if (!read_all(descriptor, bytes, *length)) {
            refuse(error, "cannot be read to its end");
            g_clear_pointer(&bytes, g_free);
        }
    }
    close(descriptor);
    return g_steal_pointer(&bytes);
}

/* (transfer full) (nullable): the path of the copy */
static char *
stage(const char *file, const char *staging, const char *bytes, size_t length,
        GError **error)
{
    static atomic_uint count;
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *path = NULL;
    g_autoptr(GError) inner = NULL;

    path = g_strdup_printf(
            "%s/%u-%s", staging, atomic_fetch_add(&count, 1), name);
    if (g_file_set_contents_full(path, bytes, (gssize)length,
                G_FILE_SET_CONTENTS_NONE, 0700, &inner))
        return g_steal_pointer(&path);
    refuse(error, "cannot be copied: %s; TMPDIR names another folder",
            inner->message);
    return NULL;
}

/* --- check --- */

static bool
check_descriptor(
        const FulcraModuleDescriptor *self, const char *folder, GError **error)
{
    if (self->magic != FULCRA_MODULE_MAGIC)
        return refuse(error,
                "its symbol 'fulcra_module' is no descriptor (it begins with "
                "0x%08x, not 0x%08x); define it with FULCRA_MODULE_DEFINE",
                self->magic, FULCRA_MODULE_MAGIC);
    if (self->abi != FULCRA_ABI)
        return refuse(error,
                "built for module ABI %u, this program has ABI %u; build it "
                "again: make -B -C %s",
                self->abi, FULCRA_ABI, folder);
    if (self->size != sizeof(FulcraModuleDescriptor) ||
            self->ops_size > sizeof(FulcraEndpointOps) ||
            self->ops_size < offsetof(FulcraEndpointOps, source))
        return refuse(error,
                "built against other headers (descriptor of %u bytes, endpoint "
                "tables of %u) than this program (%zu and %zu); build it "
                "again: make -B -C %s",
                self->size, self->ops_size, sizeof(FulcraModuleDescriptor),
                sizeof(FulcraEndpointOps), folder);
    return true;
}

static bool
check_image(const char *bytes, size_t length, const char *folder, bool trusted,
        GError **error)
{
    FulcraElf elf;
    g_autofree char *host_symbol = NULL;

    if (!fulcra__elf_read(bytes, length, &elf, error))
        return false;
    host_symbol = elf.host_symbol;
    if (!elf.has_descriptor)
        return refuse(error,
                "exports no symbol 'fulcra_module'; end one of its C files "
                "with FULCRA_MODULE_DEFINE");
    if (!check_descriptor(&elf.descriptor, folder, error))
        return false;
    if (host_symbol != NULL && !trusted)
        return refuse(error,
                "uses '%s', which is the host's own; a module may use what "
                "<fulcra/fulcra.h> declares",
                host_symbol);
    return true;
}

/* --- map --- */

/* What the dynamic linker said, the copy's name replaced by the file's. */
static char *
linker_message(const char *path, const char *file)
{
    const char *said = dlerror();
    g_auto(GStrv) parts = g_strsplit(said != NULL ? said : "", path, -1);

    return g_strjoinv(file, parts);
}

static const FulcraModuleDescriptor *
map(const char *path, const char *file, GError **error)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const FulcraModuleDescriptor *descriptor;
    g_autofree char *message = NULL;

    if (handle == NULL) {
        message = linker_message(path, file);
        refuse(error, "cannot be mapped: %s%s", message,
                strstr(message, "failed to map segment") != NULL
                        ? "; where its copy is may be mounted noexec: TMPDIR "
                          "names another folder"
                        : "");
        return NULL;
    }
    descriptor = dlsym(handle, "fulcra_module");
    if (descriptor == NULL || descriptor->load == NULL ||
            descriptor->name == NULL) {
        refuse(error, "its descriptor has no name or no load function; define "
                      "it with FULCRA_MODULE_DEFINE");
        return NULL;
    }
    return descriptor;
}

const FulcraModuleDescriptor *
fulcra__library_open(const char *file, const char *staging, const char *folder,
        bool trusted, GError **error)
{
    size_t length = 0;
    g_autofree char *bytes = read_library(file, &length, error);
    g_autofree char *copy = NULL;

    if (bytes == NULL || !check_image(bytes, length, folder, trusted, error))
        return NULL;
    copy = stage(file, staging, bytes, length, error);
    return copy != NULL ? map(copy, file, error) : NULL;
}
