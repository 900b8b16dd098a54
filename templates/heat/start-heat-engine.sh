#!/bin/sh
# Starts Heat's engine with the first 32 characters of HEAT_AUTH_ENCRYPTION_KEY: it takes no key of another length.
set -eu

OS_DEFAULT__AUTH_ENCRYPTION_KEY=$(printf %.32s "$HEAT_AUTH_ENCRYPTION_KEY")
export OS_DEFAULT__AUTH_ENCRYPTION_KEY
exec heat-engine --config-file /etc/heat/heat.conf
