# Sourced by build.sh and make-release.sh: releases for the processors that weather-gateway runs on, whatever this one is.
# shellcheck shell=bash disable=SC2154

# Variables that make node-gyp compile for Debian's architecture $1, as words.
compiler_of() {
  case $1 in
    arm64) echo npm_config_arch=arm64 CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ ;;
    amd64) echo npm_config_arch=x64 CC=x86_64-linux-gnu-gcc CXX=x86_64-linux-gnu-g++ ;;
    *) echo "${0##*/}: weather-gateway runs on arm64 and amd64, and not on $1" >&2 && return 1 ;;
  esac
}

# A release in folder $2 out of npm package $3, for architecture $1.
stage_for() {
  local compiler
  compiler=$(compiler_of "$1")
  # shellcheck disable=SC2086
  env $compiler CXXFLAGS="-ffile-prefix-map=$(dirname "$2")=." LDFLAGS=-s "$here/../install.sh" --stage "$2" "$3"
}
