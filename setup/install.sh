#!/usr/bin/env bash
# Installs what Butler needs: PostgreSQL with PostGIS, Python packages in .venv.
#
#   setup/install.sh           both, and what the tests need: pgbouncer
#   setup/install.sh system    system packages only, as for an image
#
# What is there already is left as it is. Mirrors, proxies and certificates are
# those that apt and pip are configured with.
set -euo pipefail

oldest_postgresql=15
top=$(cd "$(dirname "$0")/.." && pwd)
admin=()

main() {
    exec 9< "$0"
    flock 9 # a second `make` waits for the first
    case ${1:-} in
        system) install_system_packages ;;
        '')
            install_system_packages for_tests
            install_python_packages
            ;;
        *) fail "unknown argument: $1" ;;
    esac
}

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

install_system_packages() {
    local missing=()
    if ! has_postgis; then
        local major
        major=$(packaged_postgresql)
        missing+=("postgresql-$major" "postgresql-$major-postgis-3")
    fi
    if command -v python3 > /dev/null; then
        local python
        python=$(newest_python)
        "$python" -c 'import ensurepip, venv' 2> /dev/null || missing+=("$python-venv")
    else
        missing+=(python3 python3-venv)
    fi
    [ "${1:-}" != for_tests ] || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
    [ ${#missing[@]} -gt 0 ] || return 0

    local command="apt-get install --no-install-recommends ${missing[*]}"
    command -v apt-get > /dev/null \
        || fail "this is neither Debian nor Ubuntu. Install what these are there: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2> /dev/null || fail "missing: ${missing[*]}. Install them: sudo $command"
        admin=(sudo)
    fi
    echo "setup: $command"
    # An outdated list of one source is no reason to stop: the installation tells.
    "${admin[@]}" apt-get update -qq || true
    without_debians_own_cluster without_starting_pgbouncer "${admin[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
    has_postgis || fail "PostgreSQL $oldest_postgresql or later with PostGIS isn't there after: $command"
}

has_postgis() {
    local folder major
    for folder in /usr/lib/postgresql/*/bin; do
        major=$(basename "$(dirname "$folder")")
        if [ -x "$folder/initdb" ] && [ "$major" -ge "$oldest_postgresql" ] \
            && [ -e "/usr/share/postgresql/$major/extension/postgis.control" ]; then
            return 0
        fi
    done
    return 1
}

# The version that this release of Debian or Ubuntu has.
packaged_postgresql() {
    local major
    major=$(apt-cache depends postgresql 2> /dev/null | sed -n 's/^ *Depends: postgresql-\([0-9]\+\)$/\1/p')
    echo "${major:-$oldest_postgresql}"
}

# Debian makes and starts a cluster when the server is installed, of which Butler has no use.
# An administrator who has said what he wants gets that.
without_debians_own_cluster() {
    local folder=/etc/postgresql-common/createcluster.d
    if grep -qs '^[[:space:]]*create_main_cluster' /etc/postgresql-common/createcluster.conf "$folder"/*.conf; then
        "$@"
        return
    fi
    "${admin[@]}" mkdir -p "$folder"
    echo 'create_main_cluster = false' | "${admin[@]}" tee "$folder/butler-setup.conf" > /dev/null
    local status=0
    "$@" || status=$?
    "${admin[@]}" rm "$folder/butler-setup.conf"
    "${admin[@]}" rmdir --ignore-fail-on-non-empty "$folder"
    return "$status"
}

# Debian starts pgbouncer when it is installed, and at each start of the computer. The tests run one
# of their own; a system's own that was there before is left as it is.
without_starting_pgbouncer() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -x /usr/sbin/pgbouncer ] || [ -e "$policy" ]; then
        policy=
    else
        printf '#!/bin/sh\n[ "$1" != pgbouncer ] || exit 101\n' | "${admin[@]}" tee "$policy" > /dev/null
        "${admin[@]}" chmod 755 "$policy"
    fi
    local new=
    [ -x /usr/sbin/pgbouncer ] || new=yes
    "$@" || status=$?
    [ -z "$policy" ] || "${admin[@]}" rm "$policy"
    if [ -n "$new" ] && [ -x /usr/sbin/pgbouncer ]; then
        "${admin[@]}" update-rc.d pgbouncer disable
    fi
    return "$status"
}

install_python_packages() {
    local python
    python=$(newest_python)
    cd "$top"
    .venv/bin/python -c '' 2> /dev/null || "$python" -m venv --clear .venv
    echo "setup: Python packages into .venv"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --editable '.[test]'
}

newest_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$name"
            return
        fi
    done
    fail "missing: Python 3.11 or later. Debian 12, Ubuntu 24.04 and later have it."
}

main "$@"
