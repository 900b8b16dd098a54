"""Sources of images: files from elsewhere that a build unpacks, `ADD sources/app.tar /opt/app/`.

entry    one source as it is written           resolve  which content it is now: a hash, or a commit
archive  archives with the same bytes          cache    what was fetched, limited in size
download  files over HTTP                      git      the program, and commits of references
export   the files of a commit                 locked   what a lock has of sources
mentions  sources that a Dockerfile does not unpack
"""
