/* SPDX-License-Identifier: MIT */
/*
 * image.c - a shared object, read as a file
 *
 * dlopen() runs constructors; what can be known before is read here: whether
 * the file is for this machine, the numbers of its descriptor, and whether it
 * asks for symbols that only the host may use. Every offset is checked against
 * the length before it is followed: a truncated file is refused, not believed.
 *
 * Source: System V ABI, chapters 4 and 5; elf(5).
 */

#include "image.h"

#include <fulcra/error.h>

#include <link.h>
#include <string.h>

#define HOST_PREFIX "fulcra_host_"
#define DESCRIPTOR  "fulcra_module"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__arm__)
#define MACHINE EM_ARM
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_MARK ELFDATA2LSB
#else
#define BYTE_ORDER_MARK ELFDATA2MSB
#endif

#if __SIZEOF_POINTER__ == 8
#define WORD_CLASS ELFCLASS64
#else
#define WORD_CLASS ELFCLASS32
#endif

typedef struct {
    const char *bytes;
    size_t length;
    ElfW(Ehdr) head;
} Image;

/* @size bytes at @offset, NULL where the file has not that many. */
static const char *
image_at(const Image *self, uint64_t offset, uint64_t size)
{
    return offset <= self->length && size <= self->length - offset
                   ? self->bytes + offset
                   : NULL;
}

static bool
image_copy(const Image *self, uint64_t offset, void *to, size_t size)
{
    const char *from = image_at(self, offset, size);

    if (from == NULL)
        return false;
    memcpy(to, from, size); /* the file aligns nothing for us */
    return true;
}

static bool
refuse(GError **error, const char *message)
{
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_MODULE, message);
    return false;
}

static bool
check_head(Image *self, GError **error)
{
    const unsigned char *mark = self->head.e_ident;

    if (!image_copy(self, 0, &self->head, sizeof self->head) ||
            memcmp(mark, ELFMAG, SELFMAG) != 0)
        return refuse(
                error, "not a shared object; make one with cc -shared -fPIC");
    if (mark[EI_CLASS] != WORD_CLASS || mark[EI_DATA] != BYTE_ORDER_MARK)
        return refuse(error, "a shared object for another machine (word size "
                             "or byte order); build it on this one");
#ifdef MACHINE
    if (self->head.e_machine != MACHINE) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "a shared object for another machine (ELF number %u, this one "
                "is %u); build it on this one",
                self->head.e_machine, (unsigned)MACHINE);
        return false;
    }
#endif
    if (self->head.e_type != ET_DYN)
        return refuse(error, "an ELF file, but not a shared object; make one "
                             "with cc -shared -fPIC");
    return true;
}

static bool
image_section(const Image *self, unsigned index, ElfW(Shdr) * section)
{
    return index < self->head.e_shnum &&
           self->head.e_shentsize == sizeof *section &&
           image_copy(self,
                   self->head.e_shoff + (uint64_t)index * sizeof *section,
                   section, sizeof *section);
}

/* The section of dynamic symbols, and that of their names. */
static bool
find_symbols(const Image *self, ElfW(Shdr) * symbols, ElfW(Shdr) * names)
{
    /* Linkers put this table last: if it is whole, the file is. */
    if (image_at(self, self->head.e_shoff,
                (uint64_t)self->head.e_shnum * sizeof *symbols) == NULL)
        return false;
    for (unsigned i = 0; i < self->head.e_shnum; i++)
        if (image_section(self, i, symbols) && symbols->sh_type == SHT_DYNSYM)
            return image_section(self, symbols->sh_link, names) &&
                   image_at(self, symbols->sh_offset, symbols->sh_size) !=
                           NULL &&
                   image_at(self, names->sh_offset, names->sh_size) != NULL;
    return false;
}

static const char *
symbol_name(
        const Image *self, const ElfW(Shdr) * names, const ElfW(Sym) * symbol)
{
    const char *name = self->bytes + names->sh_offset + symbol->st_name;

    if (symbol->st_name >= names->sh_size ||
            memchr(name, '\0', names->sh_size - symbol->st_name) == NULL)
        return "";
    return name;
}

/* The bytes that will be at @address once the file is mapped. */
static bool
copy_mapped(const Image *self, uint64_t address, void *to, size_t size)
{
    ElfW(Phdr) segment;

    for (unsigned i = 0; i < self->head.e_phnum; i++) {
        if (!image_copy(self, self->head.e_phoff + (uint64_t)i * sizeof segment,
                    &segment, sizeof segment))
            return false;
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
                address - segment.p_vaddr < segment.p_filesz &&
                size <= segment.p_filesz - (address - segment.p_vaddr))
            return image_copy(self,
                    segment.p_offset + (address - segment.p_vaddr), to, size);
    }
    return false;
}

/* The numbers stand in front of the pointers, which are not relocated yet. */
static bool
read_descriptor(const Image *self, const ElfW(Sym) * symbol, FulcraElf *elf)
{
    elf->has_descriptor = copy_mapped(self, symbol->st_value, &elf->descriptor,
            offsetof(FulcraModuleDescriptor, name));
    return elf->has_descriptor;
}

static void
read_symbol(const Image *self, const char *name, const ElfW(Sym) * symbol,
        FulcraElf *elf)
{
    if (symbol->st_shndx == SHN_UNDEF) {
        if (elf->host_symbol == NULL && g_str_has_prefix(name, HOST_PREFIX))
            elf->host_symbol = g_strdup(name);
    } else if (strcmp(name, DESCRIPTOR) == 0) {
        read_descriptor(self, symbol, elf);
    }
}

bool
fulcra__elf_read(
        const char *bytes, size_t length, FulcraElf *elf, GError **error)
{
    Image self = { .bytes = bytes, .length = length };
    ElfW(Shdr) symbols, names;
    ElfW(Sym) symbol;

    memset(elf, 0, sizeof *elf);
    if (!check_head(&self, error))
        return false;
    if (!find_symbols(&self, &symbols, &names))
        return refuse(error, "a shared object that is truncated or has lost "
                             "its section table; build it again");
    for (uint64_t at = 0; at + sizeof symbol <= symbols.sh_size;
            at += sizeof symbol) {
        image_copy(&self, symbols.sh_offset + at, &symbol, sizeof symbol);
        read_symbol(&self, symbol_name(&self, &names, &symbol), &symbol, elf);
    }
    return true;
}
