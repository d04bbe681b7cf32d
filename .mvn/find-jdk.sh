# Sourced by the launcher and by .ci/run: find_jdk sets `jdk` to the home of a JDK 25 or newer.
# Starts no process where it can: the version is read from the `release` file every JDK carries.

kvasir_jdk_minimum=25

is_new_enough_jdk() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  jdk_version=
  while IFS='=' read -r key value || [ -n "$key" ]; do
    if [ "$key" = JAVA_VERSION ]; then
      jdk_version=${value#\"}
      jdk_version=${jdk_version%%[!0-9]*}
    fi
  done <"$1/release"
  [ -n "$jdk_version" ] && [ "$jdk_version" -ge "$kvasir_jdk_minimum" ]
}

# Returns 5, Kvasir's exit code for a missing device, memory or JDK, after saying what to do.
find_jdk() {
  if [ -n "${KVASIR_JAVA_HOME:-}" ]; then
    if is_new_enough_jdk "$KVASIR_JAVA_HOME"; then
      jdk=$KVASIR_JAVA_HOME
      return 0
    fi
    echo "kvasir: KVASIR_JAVA_HOME=$KVASIR_JAVA_HOME is not a JDK $kvasir_jdk_minimum or newer; correct or unset it" >&2
    return 5
  fi
  java_on_path=$(command -v java) || java_on_path=
  java_on_path=$(readlink -f "$java_on_path" 2>/dev/null) || java_on_path=
  for jdk in \
    "${JAVA_HOME:-}" \
    "${java_on_path%/bin/java}" \
    /usr/lib/jvm/* \
    "${HOME:-}"/.sdkman/candidates/java/* \
    "${HOME:-}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /opt/*; do
    if [ -n "$jdk" ] && is_new_enough_jdk "$jdk"; then
      return 0
    fi
  done
  cat >&2 <<MESSAGE
kvasir: no JDK $kvasir_jdk_minimum or newer found in KVASIR_JAVA_HOME, JAVA_HOME, on the PATH or in the usual folders.
Get one from https://adoptium.net/temurin/releases/?version=$kvasir_jdk_minimum or with 'sdk install java $kvasir_jdk_minimum-tem',
then run this again, or point KVASIR_JAVA_HOME at it.
MESSAGE
  return 5
}
