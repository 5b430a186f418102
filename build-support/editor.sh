#!/usr/bin/env bash
# Prepares a checkout for an editor: .venv becomes an environment with every requirement, the code generated from
# the contracts, and the source roots on its path. Run it again after changing a contract or a requirement.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"

rm -rf dist/codegen dist/export/python/virtualenvs/default
./pants export --resolve=default
./pants export-codegen src/protos::

environment="$(cd dist/export/python/virtualenvs/default/*/ && pwd)"
site_packages="$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
printf '%s\n' "$root" "$root/src/python" "$root/dist/codegen/src/protos" >"$site_packages/tandem.pth"
if [ -e .venv ] && ! [ -L .venv ]; then
  echo "editor: .venv is not a link of ours; remove it, or point your editor at $environment" >&2
  exit 1
fi
ln -sfn "${environment#"$root/"}" .venv
echo "editor: point your editor at .venv/bin/python"
