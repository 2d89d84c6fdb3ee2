#!/usr/bin/env bash
# NVIDIA's PTX assembler and disassembler (ptxas, nvdisasm) on a Debian machine, without touching the system:
#     build/ptxas.sh [DIR]        prints the folder that holds both (default: a folder in the user's cache; about 60 MB)
# What is on PATH already is taken as it is. They need no GPU: the tests assemble every kernel with them and count its registers and spills.
set -euo pipefail
revision=1 script=ptxas
. "$(dirname "${BASH_SOURCE[0]}")/own-folder.sh"

if (($# == 0)) && own=$(type -P ptxas) && [[ -x ${own%/*}/nvdisasm ]]; then echo "${own%/*}"; exit; fi
own_folder ptxas "$@"
begin "$revision"

# The component that the machine's own sources may leave out.
debian "" non-free "put a CUDA toolkit's ptxas and nvdisasm on PATH instead"
(cd "$new/apt" && apt download nvidia-cuda-toolkit)
dpkg -x "$new"/apt/nvidia-cuda-toolkit_*.deb "$new/apt/root" || die "cannot unpack nvidia-cuda-toolkit"
mv "$new"/apt/root/usr/bin/{ptxas,nvdisasm} "$new" || die "the package has no ptxas or no nvdisasm"
rm -rf "$new/apt"
"$new/ptxas" --version > /dev/null && "$new/nvdisasm" --version > /dev/null || die "the binaries of the package do not run here"

finish
