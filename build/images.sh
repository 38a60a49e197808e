#!/usr/bin/env bash
# Builds the images of the Dockerfile without a container engine, and tries them, on Debian or Ubuntu as root: `apt-get install buildah debootstrap`.
#   build/images.sh bases   local stand-ins for the Dockerfile's base images: a minimal Debian with this machine's .NET copied in
#   build/images.sh build   api, worker and web (TORCH_BACKEND=cpu; cuda takes libtorch with CUDA)
#   build/images.sh try     starts all three as their own user on this machine's network, with a private Postgres, and trains the demo
#   build/images.sh clean   deletes images and containers
#   build/images.sh all     the four of them
# Nothing is pulled. Images live in GNN_IMAGES (default /var/tmp/gnn-images; about 20 GB while it builds). Packages are restored
# with this machine's NuGet configuration and package cache, which are mounted into the build and become part of no image.
set -euo pipefail
cd "$(dirname "$0")/.."

storage=${GNN_IMAGES:-/var/tmp/gnn-images}
backend=${TORCH_BACKEND:-cpu}
port=${GNN_TRY_PORT:-5480}
say() { echo "images: $*" >&2; }

[ "$(id -u)" -eq 0 ] || { say "needs root: layers are mounted and belong to other users"; exit 1; }
for needed in buildah debootstrap dotnet; do
  command -v "$needed" >/dev/null || { say "$needed is not installed"; exit 1; }
done

# vfs copies each layer: slower than overlay, and it works on any file system. chroot needs no container runtime.
buildah() { command buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"; }
export BUILDAH_ISOLATION=chroot

# The base images' names are the Dockerfile's own.
base_name() { sed -nE "s|^FROM ([^ ]*dotnet/$1:[^ ]*) .*|\1|p" Dockerfile | head -n 1; }

# What the real base images set, and no more: a program that needs another package fails here as it would there.
base() { # name, folder of the .NET that goes in, its parts
  local name=$1 dotnet=$2 container root
  shift 2
  container=$(buildah from scratch)
  root=$(buildah mount "$container")
  cp -a "$storage/debian/." "$root/"
  mkdir -p "$root/usr/share/dotnet"
  for part in "$@"; do cp -a "$dotnet/$part" "$root/usr/share/dotnet/"; done
  ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
  buildah umount "$container" >/dev/null
  buildah config --env APP_UID=1654 --env ASPNETCORE_HTTP_PORTS=8080 --env DOTNET_RUNNING_IN_CONTAINER=true --env DOTNET_NOLOGO=true \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
  buildah commit --quiet --rm "$container" "$name" >/dev/null
  say "$name stands on this machine's $(. "$storage/debian/etc/os-release" && echo "$PRETTY_NAME")"
}

bases() {
  local mirror suite dotnet
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sort -u | awk -v suite="$(. /etc/os-release && echo "$VERSION_CODENAME")" '$1 == suite { print $2; exit }')
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
  if [ ! -e "$storage/debian/etc/passwd" ]; then
    rm -rf "$storage/debian"
    mkdir -p "$storage"
    debootstrap --variant=minbase --include=ca-certificates,libssl3,libicu72,libstdc++6,tzdata "$suite" "$storage/debian" "$mirror" >"$storage/debootstrap.log" 2>&1 ||
      { tail -n 20 "$storage/debootstrap.log" >&2; exit 1; }
    rm -rf "$storage/debian/var/cache/apt" "$storage/debian/var/lib/apt/lists"
    # The certificates that this machine trusts: the build asks the package source through them.
    cp -aL /etc/ssl/certs/ca-certificates.crt "$storage/debian/etc/ssl/certs/"
    chroot "$storage/debian" useradd --uid 1654 --create-home app
  fi
  base "$(base_name sdk)" "$dotnet" .
  base "$(base_name aspnet)" "$dotnet" dotnet host shared LICENSE.txt ThirdPartyNotices.txt
}

build() {
  local packages mounts=()
  packages=$(dotnet nuget locals global-packages --list --force-english-output | sed 's/^[^:]*: //')
  mounts+=(--volume "${packages%/}:/root/.nuget/packages")
  [ ! -e "$HOME/.nuget/NuGet/NuGet.Config" ] || mounts+=(--volume "$HOME/.nuget/NuGet:/root/.nuget/NuGet:ro")
  for target in api worker web; do
    say "building $target"
    buildah build --format docker --pull=never --layers --network host "${mounts[@]}" --build-arg "TORCH_BACKEND=$backend" --target "$target" --tag "gnnservice-$target" . >"$storage/build-$target.log" 2>&1 ||
      { tail -n 40 "$storage/build-$target.log" >&2; exit 1; }
    say "$target: $(buildah inspect --type image --format 'user {{.OCIv1.Config.User}}, starts {{.OCIv1.Config.Entrypoint}}' "gnnservice-$target"), $(buildah images --format '{{.Size}}' "gnnservice-$target")"
  done
}

containers=() processes=() data=
stop() {
  trap - EXIT
  for process in ${processes[@]+"${processes[@]}"}; do kill -- "-$process" 2>/dev/null || true; done
  for process in ${processes[@]+"${processes[@]}"}; do wait "$process" 2>/dev/null || true; done
  [ -z "$data" ] || { ./build/postgres stop "$data" || true; }
  for container in ${containers[@]+"${containers[@]}"}; do buildah rm "$container" >/dev/null 2>&1 || true; done
}

start() { # target, port, options of buildah run
  local target=$1 at=$2 container
  shift 2
  container=$(buildah from --pull=never "gnnservice-$target")
  containers+=("$container")
  read -ra command <<<"$(buildah inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' "gnnservice-$target")"
  setsid bash -c 'exec "$@"' - buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs run --network host \
    --env "ASPNETCORE_HTTP_PORTS=$at" "$@" "$container" -- "${command[@]}" >"$data/$target.log" 2>&1 &
  processes+=($!)
}

gnn() { # container, arguments: the command-line client of the image
  local container=$1
  shift
  buildah run --network host --env "GNN_KEY=$key" "$container" -- dotnet /cli/gnn.dll "$@"
}

try() {
  trap stop EXIT
  data=$(mktemp -d)
  chmod 711 "$data"
  mkdir "$data/shared" "$data/empty"
  chown 1654 "$data/shared"
  key=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
  local database
  database=$(./build/postgres start "$data" $((port + 3)))
  local runs=(--env "ConnectionStrings__Runs=$database" --env GNN_DATA=/datasets --volume "$data/shared:/data" --volume "${GNN_DATA_FOLDER:-$data/empty}:/datasets:ro")
  start api $((port + 1)) "${runs[@]}" --env "Gnn__AdminKey=$key"
  start worker $((port + 2)) "${runs[@]}" --env Worker__Name=worker-of-an-image
  start web "$port" --env "Api__Url=http://127.0.0.1:$((port + 1))" --env "Api__Key=$key"
  local api="http://127.0.0.1:$((port + 1))"
  # What the HEALTHCHECK lines ask.
  gnn "${containers[0]}" ready --url "$api" || { tail -n 30 "$data/api.log" >&2; exit 1; }
  gnn "${containers[1]}" ready --url "http://127.0.0.1:$((port + 2))" || { tail -n 30 "$data/worker.log" >&2; exit 1; }
  gnn "${containers[0]}" ready --url "http://127.0.0.1:$port" || { tail -n 30 "$data/web.log" >&2; exit 1; }
  for program in Api Worker Web; do
    local process user
    process=$(pgrep -nf "^([^ ]*/)?dotnet $program\.dll$") || { say "$program is not running"; exit 1; }
    user=$(awk '/^Uid:/ { print $2 }' "/proc/$process/status")
    say "$program runs as user $user"
    [ "$user" = 1654 ] || { say "needed user 1654"; exit 1; }
  done
  gnn "${containers[0]}" demo --follow --url "$api" --dataset "${GNN_TRY_DATASET:-karate}" --seeds 1
  say "api, worker and web trained the demo"
  stop
  rm -rf "$data"
}

clean() { buildah rm --all >/dev/null 2>&1 || true; buildah rmi --all --force >/dev/null 2>&1 || true; rm -rf "$storage"; }

case ${1:-} in
  bases|build|try|clean) "$1" ;;
  all) bases; build; try; clean ;;
  *) sed -n '2,9p' "$0" | cut -c3-; exit 2 ;;
esac
