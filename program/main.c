/* SPDX-License-Identifier: MIT */
#include <fulcra/version.h>

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        printf("fulcra %s\n", fulcra_version());
        return 0;
    }
    fprintf(stderr, "usage: fulcra version\n");
    return 2;
}
