#!/bin/sh
# Started often: compile quickly, and only that.
here=$(dirname "$0")
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8 \
  -cp "$here/target/classes:$here/target/lib/*" endpoint.Main
