/* SPDX-License-Identifier: MIT */
/*
 * library.c - from a file to mapped code
 *
 * stage: the file is copied under a name that was never used before.
 * check: the copy is read as a file; what does not fit is refused before its
 *   constructors could run.
 * map: RTLD_NOW, so that a missing symbol is found now; RTLD_LOCAL, so that
 *   modules do not see one another.
 *
 * What still points into code (static strings, vtables, threads) cannot be
 * known. It is unmapped only where somebody who knows asks for it.
 */

#include "library.h"

#include "image.h"

#include <fulcra/error.h>

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <link.h>
#include <string.h>

/* --- stage and check --- */

static bool
check_descriptor(
        const FulcraModuleDescriptor *self, const char *folder, GError **error)
{
    if (self->magic != FULCRA_MODULE_MAGIC)
        return fulcra__refuse(error,
                "its symbol 'fulcra_module' is no descriptor (it begins with "
                "0x%08x, not 0x%08x); define it with FULCRA_MODULE_DEFINE",
                self->magic, FULCRA_MODULE_MAGIC);
    if (self->abi != FULCRA_ABI)
        return fulcra__refuse(error,
                "built for module ABI %u, this program has ABI %u; build it "
                "again: make -B -C %s",
                self->abi, FULCRA_ABI, folder);
    if (self->size != sizeof(FulcraModuleDescriptor) ||
            self->ops_size > sizeof(FulcraEndpointOps) ||
            self->ops_size < offsetof(FulcraEndpointOps, source))
        return fulcra__refuse(error,
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
        return fulcra__refuse(error,
                "exports no symbol 'fulcra_module'; end one of its C files "
                "with FULCRA_MODULE_DEFINE");
    if (!check_descriptor(&elf.descriptor, folder, error))
        return false;
    if (host_symbol != NULL && !trusted)
        return fulcra__refuse(error,
                "uses '%s', which is the host's own; a module may use what "
                "<fulcra/fulcra.h> declares",
                host_symbol);
    return true;
}

static bool
check_copy(const char *copy, const char *folder, bool trusted, GError **error)
{
    GError *inner = NULL;
    GMappedFile *mapped = g_mapped_file_new(copy, false, &inner);
    bool fine;

    if (mapped == NULL) {
        fulcra__refuse(error, "its copy cannot be read: %s", inner->message);
        g_clear_error(&inner);
        return false;
    }
    fine = check_image(g_mapped_file_get_contents(mapped),
            g_mapped_file_get_length(mapped), folder, trusted, error);
    g_mapped_file_unref(mapped);
    return fine;
}

FulcraLibrary *
fulcra__library_stage(const char *file, FulcraStaging *staging,
        const char *folder, bool trusted, GError **error)
{
    g_autoptr(FulcraLibrary) self = g_new0(FulcraLibrary, 1);

    self->file = g_strdup(file);
    self->copy = fulcra__staging_copy(staging, file, error);
    if (self->copy == NULL || !check_copy(self->copy, folder, trusted, error))
        return NULL;
    return g_steal_pointer(&self);
}

void
fulcra__library_free(FulcraLibrary *self)
{
    if (self == NULL)
        return;
    if (self->copy != NULL)
        g_unlink(self->copy);
    g_free(self->copy);
    g_free(self->file);
    g_free(self->name);
    g_free(self);
}

/* --- map --- */

char *
fulcra__library_explain(const FulcraLibrary *self, const char *said)
{
    g_auto(GStrv) parts = g_strsplit(said, self->copy, -1);
    g_autofree char *message = g_strjoinv(self->file, parts);

    return g_strdup_printf("cannot be mapped: %s%s", message,
            strstr(message, "failed to map segment") != NULL
                    ? "; where its copy is may be mounted noexec: TMPDIR names "
                      "another folder"
                    : "");
}

typedef struct {
    FulcraLibrary *library;
    uintptr_t base;
} Search;

/* The addresses from its first segment to the end of its last. */
static int
find_segments(struct dl_phdr_info *info, size_t size, void *data)
{
    Search *self = data;
    FulcraLibrary *library = self->library;

    (void)size;
    if (info->dlpi_addr != self->base)
        return 0;
    library->begin = UINTPTR_MAX;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t begin = self->base + segment->p_vaddr;

        if (segment->p_type != PT_LOAD)
            continue;
        library->begin = MIN(library->begin, begin);
        library->end = MAX(library->end, begin + segment->p_memsz);
    }
    return 1;
}

static void
locate(FulcraLibrary *self)
{
    struct link_map *map = NULL;
    Search search = { .library = self };

    if (dlinfo(self->handle, RTLD_DI_LINKMAP, &map) != 0)
        return;
    search.base = map->l_addr;
    dl_iterate_phdr(find_segments, &search);
}

bool
fulcra__library_map(FulcraLibrary *self, GError **error)
{
    g_autofree char *message = NULL;
    const char *said;

    self->handle = dlopen(self->copy, RTLD_NOW | RTLD_LOCAL);
    if (self->handle == NULL) {
        said = dlerror();
        message = fulcra__library_explain(self, said != NULL ? said : "");
        return fulcra__refuse(error, "%s", message);
    }
    locate(self);
    self->descriptor = dlsym(self->handle, "fulcra_module");
    if (self->descriptor == NULL || self->descriptor->load == NULL ||
            self->descriptor->name == NULL)
        return fulcra__refuse(error,
                "its descriptor has no name or no load function; define it "
                "with FULCRA_MODULE_DEFINE");
    return true;
}

bool
fulcra__library_unmap(FulcraLibrary *self)
{
    void *still;

    self->descriptor = NULL;
    dlclose(g_steal_pointer(&self->handle));
    still = dlopen(self->copy, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (still == NULL)
        return true;
    dlclose(still);
    return false;
}
