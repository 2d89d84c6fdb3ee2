# Sourced by the scripts beside it: a folder of their own, made once, from Debian packages that the machine itself does not get. The script sets `script`, its name, before.
die() { echo "$script: $*" >&2; exit 1; }

# own_folder NAME [DIR]: sets dir, which is DIR or NAME in the user's cache.
own_folder() {
  local cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  dir=${2:-${cache:+$cache/spoco/$1}}
  [[ $dir ]] || die "HOME is not set: name a folder"
  dir=$(realpath -m -- "$dir")
  [[ $dir != *[\'\":]* ]] || die "the folder name $dir holds a quote or a colon"
}

# begin STAMP: where dir was finished with this stamp, prints it and ends the script; else sets new, a folder that `finish` makes dir of. One script at a time.
begin() {
  stamp=$1
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
  mkdir -p "$new"
}

finished() { [[ -f $dir/stamp && $(< "$dir/stamp") == "$stamp" ]]; }

finish() {
  echo "$stamp" > "$new/stamp"
  [[ ! -e $dir ]] || mv "$dir" "$dir.old"
  mv "$new" "$dir"
  echo "$dir"
}

# debian SUITE COMPONENT ADVICE: makes `apt` take packages of that suite (empty: the machine's own) from where the machine's packages come from, into $new/apt.
debian() {
  . /etc/os-release
  [[ ${ID:-} == debian ]] || die "this machine is ${PRETTY_NAME:-unknown}; only Debian is supported ($3)"
  local source
  source=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v name="${VERSION_CODENAME:-}" '($1 == name || $1 ~ /^(old)*stable$/) && $2 == "main" { print $3; exit }')
  [[ $source ]] || die "the apt sources of this machine name no Debian release"
  mkdir -p "$new"/apt/{lists,archives}/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source ${1:-${VERSION_CODENAME:-stable}} $2" > "$new/apt/sources.list"
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
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
CONF
  apt update
}

apt() {
  apt-get -c "$new/apt/apt.conf" -qq -y "$@" > "$new/apt/log" 2>&1 ||
    die "apt-get $1 failed: $(grep -m 1 '^E:' "$new/apt/log" || tail -n 1 "$new/apt/log")"
}
