#!/bin/sh
# Prepares Nova's databases and its one cell, cell1. Running it again is harmless.
#
# The cells hold no password: their URLs are templates, which each program fills in from its own nova.conf.
set -eu

url='{scheme}://{username}:{password}@{hostname}:{port}'

nova-manage api_db sync
nova-manage cell_v2 map_cell0 --database_connection "$url/nova_cell0?{query}"
if ! nova-manage cell_v2 list_cells | grep -q ' cell1 '; then
    nova-manage cell_v2 create_cell --name cell1 --database_connection "$url/nova?{query}" --transport-url "$url/"
fi
nova-manage db sync
