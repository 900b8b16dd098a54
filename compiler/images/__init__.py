"""Container images: a tree of Dockerfile.j2 files, built in dependency order and pushed to a registry.

tree        the images: folders with a Dockerfile.j2   dockerfile  their Dockerfiles, rendered, with parents
config      `images.yaml`: what an operator changes    lists       lists in Dockerfiles, and their changes
hooks       names of blocks and lists that do not exist
image_file  `image.yaml`: what is said about one image
patches     patches that a build applies           sources     files from elsewhere, for builds
build_args  values of ARG, and proxies             users       `users.yaml`: users with fixed numbers
labels      what an image is, and was built from
graph       the order in which they are built          recipe      what an image is built from, with a hash
context     the files for the engine, as an archive    engines     podman and docker
build       builds images                              push        pushes them, and returns their digests
schedule    parents first, several at a time           builder     one image, with several attempts
outcome     what becomes of each image                 sbom        the packages of an image
logs        the output of builds, in files             retries     failures that another attempt may cure
content     what an image was built from, in parts     rebuild     what a build would build, and why
selection   sets of images, and which a fleet deploys  pinning     references to digests, for the lock
base_pins   foreign images, as the lock has them
installed   the packages that images have          package_pins  their versions, as the lock has them
reference   references of images                       registry    what a registry serves under a name
logins      logins of registries, from auth files      trust       the certificates of registries
layout      images in a tar file, as it is written     layout_file  the same, read and checked
blobs       layers from and into registries            saving      images of a lock into a file
loading     images of a file into a registry           signing     images that somebody trusted has signed
signature   what a signature says                      lookaside   the folder that signatures are in
gpg         GnuPG, which signs and verifies            policy      whose signatures images must have
http        requests that end in time                  sizes       how much a pull transfers
"""
