#!/bin/sh
# Installs Debian's Chromium for the tests of the page, where that can be done; else they are skipped.
for browser in chromium chromium-browser google-chrome; do
  command -v "$browser" >/dev/null && exit 0
done
install() { apt-get install -y -qq --no-install-recommends chromium; }
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing chromium, for the tests of the page: a minute"
  { install || { apt-get update -qq && install; }; } >/dev/null 2>&1 && exit 0
fi
echo "no chromium here: the tests of the page are skipped"
