#!/usr/bin/env bash
# An OpenCL device on a Debian machine without a GPU, without touching the system:
#     build/opencl-on-cpu.sh [DIR]        prints DIR (default: a folder in the user's cache; about 1.2 GB)
#     DIR/run dotnet test ...             a command that sees the device
# Debian 12's own PoCL (OpenCL on the CPU) has no generic address space, which ILGPU asks for. Debian 13's has. Its libraries
# need a newer C library than Debian 12's, so DIR holds that too, and a copy of the .NET host that is loaded with it.
set -euo pipefail
revision=2 suite=trixie script=opencl-on-cpu
. "$(dirname "${BASH_SOURCE[0]}")/own-folder.sh"
own_folder opencl "$@"

# The first host on PATH that is not our own copy: the script may itself run under DIR/run.
dotnet=$(type -aP dotnet | grep -vFx "$dir/dotnet/dotnet" | head -n 1) || true
[[ $dotnet ]] || die "no dotnet on PATH"
host=$(dirname "$(readlink -f "$dotnet")")
[[ -d $host/host/fxr ]] || die "$host is not a .NET installation (no host/fxr)"
# What a finished folder was made for; a new SDK or another place makes it anew.
begin "$(printf '%s\n' "$revision" "$dir" "$host"; cd "$host" && printf '%s\n' sdk/* shared/*/*)"

mkdir -p "$new"/{root,bin,dotnet,vendors}
debian "$suite" main "install an OpenCL driver instead"
# Beside PoCL: what the .NET host opens at run time, and what puts the folder together and checks it.
apt install --download-only pocl-opencl-icd ocl-icd-libopencl1 libc6-dev libstdc++6 libicu76 libssl3t64 zlib1g clinfo patchelf
for deb in "$new"/apt/archives/*.deb; do dpkg -x "$deb" "$new/root" || die "cannot unpack ${deb##*/}"; done
rm -rf "$new/apt"
for name in lib lib64; do [[ -e $new/root/$name ]] || ln -s "usr/$name" "$new/root/$name"; done

loader=$(cd "$new/root" && echo usr/lib/*-linux-gnu*/ld-linux*.so.*)
lib=${loader%/*} loader=${loader##*/}
[[ -x $new/root/$lib/$loader ]] || die "no loader among the packages (found '$loader')"
loaded() { "$new/root/$lib/$loader" --library-path "$new/root/$lib" "$new/root/usr/bin/$1" "${@:2}"; }
ln -sfn libOpenCL.so.1 "$new/root/$lib/libOpenCL.so" # the name ILGPU opens
echo libpocl.so.2 > "$new/vendors/pocl.icd"

# The library path is the one of the executable that opens PoCL; a library with a RUNPATH of its own would not look there.
grep -rlF --include='lib*.so*' '$ORIGIN' "$new/root/usr/lib" | while read -r file; do loaded patchelf --remove-rpath "$file"; done
patch() {
  loaded patchelf --set-interpreter "$1/root/$lib/$loader" --force-rpath --set-rpath "$1/root/$lib" "$2" || die "cannot patch ${2##*/}"
}

# PoCL links each kernel with the `ld` on PATH, against a C library; a machine without a compiler has neither.
gcc=$(cd "$new/root" && echo usr/lib/gcc/*/*)
cat > "$new/bin/ld" <<LD
#!/bin/sh
root='$dir/root'
exec "\$root/$lib/$loader" --library-path "\$root/$lib" "\$root/usr/bin/${lib##*/}-ld.bfd" --sysroot="\$root" -L"\$root/$lib" -L"\$root/$gcc" "\$@"
LD

# Hard links where the file system allows. A symbolic link would lead the SDK back to the original host.
cp -al "$host/." "$new/dotnet/" 2>/dev/null || cp -a "$host/." "$new/dotnet/" || die "cannot copy $host"
cp "$host/dotnet" "$new/dotnet.patched"
patch "$dir" "$new/dotnet.patched"
mv -f "$new/dotnet.patched" "$new/dotnet/dotnet"

# UseAppHost: `dotnet run` would start the project's own executable, which is loaded with the machine's C library.
cat > "$new/run" <<RUN
#!/usr/bin/env bash
dir='$dir'
export OCL_ICD_VENDORS="\$dir/vendors/" DOTNET_ROOT="\$dir/dotnet" DOTNET_HOST_PATH="\$dir/dotnet/dotnet" UseAppHost=false
export PATH="\$dir/dotnet:\$dir/bin:\$PATH"
exec "\$@"
RUN
chmod +x "$new/run" "$new/bin/ld"

patch "$new" "$new/root/usr/bin/clinfo"
OCL_ICD_VENDORS=$new/vendors/ "$new/root/usr/bin/clinfo" -l | grep -q 'Device #' || die "PoCL shows no device"
finish
