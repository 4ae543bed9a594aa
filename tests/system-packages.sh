#!/bin/sh
# Installs the Debian packages that the tests need, where it may; says what it could not install and what that leaves out.
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v zbarimg >/dev/null 2>&1 || missing="$missing zbar-tools"
command -v certutil >/dev/null 2>&1 || missing="$missing libnss3-tools"
[ -z "$missing" ] && exit 0
echo "The tests need these Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
  apt-get update -q >/dev/null 2>&1
  for package in $missing; do
    echo "  installing $package …"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >/dev/null 2>&1 || true
  done
else
  echo "  not installed, for you are not root. Run: sudo apt-get install -y --no-install-recommends$missing"
fi
command -v chromium >/dev/null 2>&1 || echo "  Without chromium the tests marked 'browser' (pages in a real browser) are left out."
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 ||
  echo "  Without postgresql the tests marked 'postgres' (the same promises on PostgreSQL) are left out."
command -v pdftotext >/dev/null 2>&1 && command -v zbarimg >/dev/null 2>&1 ||
  echo "  Without poppler-utils and zbar-tools nobody reads the printed posters and strips again."
command -v certutil >/dev/null 2>&1 || echo "  Without libnss3-tools no browser is given the authority of the installers' manual."
exit 0
