#!/usr/bin/env bash
# NVIDIA's PTX assembler and disassembler (ptxas, nvdisasm) on a Debian machine, without touching the system:
#     build/ptxas.sh [DIR]        prints the folder that holds both (default: a folder in the user's cache; about 60 MB)
# What is on PATH already is taken as it is. They need no GPU: the tests assemble every kernel with them and count its registers and spills.
set -euo pipefail
revision=1
die() { echo "ptxas: $*" >&2; exit 1; }

if (($# == 0)) && own=$(type -P ptxas) && [[ -x ${own%/*}/nvdisasm ]]; then echo "${own%/*}"; exit; fi
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
dir=${1:-${cache:+$cache/spoco/ptxas}}
[[ $dir ]] || die "HOME is not set: name a folder"
dir=$(realpath -m -- "$dir")
[[ $dir != *[\'\":]* ]] || die "the folder name $dir holds a quote or a colon"

finished() { [[ -f $dir/stamp && $(< "$dir/stamp") == "$revision" ]]; }
if finished; then echo "$dir"; exit; fi

[[ ! -e $dir || -f $dir/stamp ]] || rmdir "$dir" 2>/dev/null || die "$dir exists and is not a folder of this script"
mkdir -p "$(dirname "$dir")" 2>/dev/null && { : > "$dir.lock"; } 2>/dev/null || die "cannot write beside $dir"
exec 9> "$dir.lock"
flock 9
if finished; then echo "$dir"; exit; fi

new=$dir.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$new"/apt/{lists,archives}/partial

# From where this machine's own Debian packages come from, the component that its sources may leave out.
. /etc/os-release
[[ ${ID:-} == debian ]] || die "this machine is ${PRETTY_NAME:-unknown}; only Debian is supported (put a CUDA toolkit's ptxas and nvdisasm on PATH instead)"
source=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v name="${VERSION_CODENAME:-}" '($1 == name || $1 ~ /^(old)*stable$/) && $2 == "main" { print $3; exit }')
[[ $source ]] || die "the apt sources of this machine name no Debian release"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source ${VERSION_CODENAME:-stable} non-free" > "$new/apt/sources.list"
: > "$new/apt/status"
# Hooks of the machine's own apt configuration clean and refresh system folders: not for this run.
cat > "$new/apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$new/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$new/apt";
Dir::State::lists "$new/apt/lists";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt";
Dir::Cache::archives "$new/apt/archives";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
CONF
apt() {
  apt-get -c "$new/apt/apt.conf" -qq -y "$@" > "$new/apt/log" 2>&1 ||
    die "apt-get $1 failed: $(grep -m 1 '^E:' "$new/apt/log" || tail -n 1 "$new/apt/log")"
}
apt update
(cd "$new/apt" && apt download nvidia-cuda-toolkit)
dpkg -x "$new"/apt/nvidia-cuda-toolkit_*.deb "$new/apt/root" || die "cannot unpack nvidia-cuda-toolkit"
mv "$new"/apt/root/usr/bin/{ptxas,nvdisasm} "$new" || die "the package has no ptxas or no nvdisasm"
rm -rf "$new/apt"
"$new/ptxas" --version > /dev/null && "$new/nvdisasm" --version > /dev/null || die "the binaries of the package do not run here"

echo "$revision" > "$new/stamp"
rm -rf "$dir"
mv "$new" "$dir"
echo "$dir"
