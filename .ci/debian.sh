# shellcheck shell=bash
# A bare Debian in a folder, to be sourced. It needs root and debootstrap; without, it says so and the script
# passes. It lives in name spaces of its own, so that its mounts and its servers end with it.

skip() {
    echo "Bare Debian was NOT tried: $1."
    exit 0
}

# make_bare_debian RELEASE ROOT: a Debian that has nothing but python3, git and make.
make_bare_debian() {
    local release=$1 root=$2 mirror
    [ "$(id -u)" -eq 0 ] || skip "not root"
    unshare --mount --pid --fork true 2> /dev/null || skip "no name spaces for mounts and processes"
    command -v debootstrap > /dev/null || apt-get install -qq -y --no-install-recommends debootstrap \
        || skip "no debootstrap"
    # A mirror of Debian has all releases: one that this computer's apt knows is asked for any.
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL) $(CODENAME)' 'Created-By: Packages' \
        | awk '$2 == "Debian" && $3 !~ /-/ { print $1; exit }')
    [ -n "$mirror" ] || skip "apt has no source of Debian"
    unshare --mount debootstrap --variant=minbase --include=python3,python3-venv,git,make,ca-certificates \
        "$release" "$root" "$mirror" > "$root.log" 2>&1 || {
        tail -n 20 "$root.log"
        skip "debootstrap of $release failed"
    }
    carry_configuration "$root"
}

# inside ROOT COMMAND…: runs a command there, in the clone of the project.
inside() {
    local root=$1
    shift
    carried_environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        unshare --mount --pid --fork --kill-child --root="$root" --wd=/root/butler --mount-proc "$@"
}

# What this computer needs to reach its package indexes; the sources themselves are debootstrap's.
carry_configuration() {
    local root=$1 path
    for path in /etc/apt/apt.conf.d /etc/apt/auth.conf.d /usr/local/share/ca-certificates \
        /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.config/pip" "$HOME/.pip"; do
        [ ! -e "$path" ] || (cd / && cp -aL --parents "${path#/}" "$root")
    done
    chroot "$root" update-ca-certificates > /dev/null 2>&1
    # Some computers have authorities in the bundle that no package knows.
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}

# Runs a command with this environment's proxies, certificates and pip settings, and nothing else of it.
carried_environment() {
    local kept=() name
    for name in $(compgen -e); do
        case ${name,,} in
            *_proxy | pip_* | *cert* | *ca_bundle*) kept+=("$name=${!name}") ;;
        esac
    done
    env -i "${kept[@]}" "$@"
}
