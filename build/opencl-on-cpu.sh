#!/usr/bin/env bash
# An OpenCL device on a Debian machine without a GPU, without touching the system:
#     build/opencl-on-cpu.sh [DIR]        prints DIR (default: a folder in the user's cache; about 1.2 GB)
#     DIR/run dotnet test ...             a command that sees the device
# Debian 12's own PoCL (OpenCL on the CPU) has no generic address space, which ILGPU asks for. Debian 13's has. Its libraries
# need a newer C library than Debian 12's, so DIR holds that too, and a copy of the .NET host that is loaded with it.
set -euo pipefail
revision=2 suite=trixie
die() { echo "opencl-on-cpu: $*" >&2; exit 1; }

cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
dir=${1:-${cache:+$cache/spoco/opencl}}
[[ $dir ]] || die "HOME is not set: name a folder"
dir=$(realpath -m -- "$dir")
[[ $dir != *[\'\":]* ]] || die "the folder name $dir holds a quote or a colon"

# The first host on PATH that is not our own copy: the script may itself run under DIR/run.
dotnet=$(type -aP dotnet | grep -vFx "$dir/dotnet/dotnet" | head -n 1) || true
[[ $dotnet ]] || die "no dotnet on PATH"
host=$(dirname "$(readlink -f "$dotnet")")
[[ -d $host/host/fxr ]] || die "$host is not a .NET installation (no host/fxr)"
# What a finished folder was made for; a new SDK or another place makes it anew.
stamp=$(printf '%s\n' "$revision" "$dir" "$host"; cd "$host" && printf '%s\n' sdk/* shared/*/*)

finished() { [[ -f $dir/stamp && $(< "$dir/stamp") == "$stamp" ]]; }
if finished; then echo "$dir"; exit; fi

[[ ! -e $dir || -f $dir/stamp ]] || rmdir "$dir" 2>/dev/null || die "$dir exists and is not a folder of this script"
mkdir -p "$(dirname "$dir")" 2>/dev/null && { : > "$dir.lock"; } 2>/dev/null || die "cannot write beside $dir"
exec 9> "$dir.lock"
flock 9
if finished; then echo "$dir"; exit; fi

new=$dir.new
rm -rf "$new" "$dir.old"
trap 'rm -rf "$new" "$dir.old"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$new"/{root,bin,dotnet,vendors} "$new"/apt/{lists,archives}/partial

# Packages come from where this machine's own Debian packages come from, in either form of source list.
. /etc/os-release
[[ ${ID:-} == debian ]] || die "this machine is ${PRETTY_NAME:-unknown}; only Debian is supported (install an OpenCL driver instead)"
source=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v name="${VERSION_CODENAME:-}" '($1 == name || $1 ~ /^(old)*stable$/) && $2 == "main" { print $3; exit }')
[[ $source ]] || die "the apt sources of this machine name no Debian release"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" > "$new/apt/sources.list"
: > "$new/apt/status"
# Hooks of the machine's own apt configuration clean and refresh system folders: not for this run.
cat > "$new/apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "$new/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$new/apt";
Dir::State::lists "$new/apt/lists";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt";
Dir::Cache::archives "$new/apt/archives";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
CONF
apt() {
  apt-get -c "$new/apt/apt.conf" -qq -y "$@" > "$new/apt/log" 2>&1 ||
    die "apt-get $1 failed: $(grep -m 1 '^E:' "$new/apt/log" || tail -n 1 "$new/apt/log")"
}
apt update
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
echo "$stamp" > "$new/stamp"
[[ ! -e $dir ]] || mv "$dir" "$dir.old"
mv "$new" "$dir"
echo "$dir"
