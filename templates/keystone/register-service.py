#!/usr/bin/python3
"""Register a service at Keystone: its user with its roles, its entry in the catalog and its endpoints.

Everything comes from the environment: the OS_ variables of the administrator, and SERVICE_NAME, SERVICE_TYPE,
SERVICE_PUBLIC_URL, and SERVICE_URL for other services. SERVICE_PASSWORD and SERVICE_ROLES (a list with
blanks) are of the user, whom a service without a password does not have. A service may need roles of its own,
SERVICE_NEW_ROLES, and a domain for users that it makes, SERVICE_DOMAIN, with the admin SERVICE_DOMAIN_ADMIN
and that user's SERVICE_DOMAIN_ADMIN_PASSWORD. Running it again changes what differs.
"""

import os
import sys
import time

import openstack
from keystoneauth1 import exceptions

PROJECT = "service"
URLS = {"public": "SERVICE_PUBLIC_URL", "internal": "SERVICE_URL", "admin": "SERVICE_URL"}
PATIENCE = 240  # seconds in which Keystone must answer


def main() -> None:
    """Register a user first: the service checks tokens as that user."""
    identity = log_in()
    for role in os.environ["SERVICE_NEW_ROLES"].split():
        identity.find_role(role) or identity.create_role(name=role)
    if os.environ["SERVICE_DOMAIN"]:
        register_domain(
            identity,
            os.environ["SERVICE_DOMAIN"],
            os.environ["SERVICE_DOMAIN_ADMIN"],
            os.environ["SERVICE_DOMAIN_ADMIN_PASSWORD"],
        )
    if os.environ["SERVICE_PASSWORD"]:
        register_user(
            identity,
            os.environ["SERVICE_NAME"],
            os.environ["SERVICE_PASSWORD"],
            os.environ["SERVICE_ROLES"].split(),
        )
    register_endpoints(identity, os.environ["SERVICE_NAME"], os.environ["SERVICE_TYPE"])


def log_in():
    """The Identity API, as soon as it answers: it starts at the same time, maybe on another host."""
    connection = openstack.connect(load_yaml_config=False)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.authorize()
            return connection.identity
        except (exceptions.ConnectFailure, exceptions.HttpError) as error:
            if time.monotonic() > end:
                raise SystemExit(f"Keystone lets nobody in: {error}") from error
            time.sleep(2)


def register_user(identity, name: str, password: str, roles: list[str]) -> None:
    """The user, who has the roles in the project of services."""
    domain = identity.find_domain("Default", ignore_missing=False).id
    project = identity.find_project(PROJECT, domain_id=domain) or created(
        lambda: identity.create_project(name=PROJECT, domain_id=domain),
        lambda: identity.find_project(PROJECT, domain_id=domain),
    )
    user = user_of(identity, name, password, domain)
    for role in roles:
        identity.assign_project_role_to_user(project, user, identity.find_role(role, ignore_missing=False))
    sys.stdout.write(f"user {name} has the roles {', '.join(roles)}\n")


def register_domain(identity, name: str, admin: str, password: str) -> None:
    """The domain, and its admin."""
    domain = identity.find_domain(name) or identity.create_domain(name=name)
    user = user_of(identity, admin, password, domain.id)
    identity.assign_domain_role_to_user(domain, user, identity.find_role("admin", ignore_missing=False))
    sys.stdout.write(f"domain {name} has the admin {admin}\n")


def user_of(identity, name: str, password: str, domain: str):
    """The user of the domain, with this password."""
    user = identity.find_user(name, domain_id=domain)
    if user:
        identity.update_user(user, password=password)
        return user
    return identity.create_user(name=name, domain_id=domain, password=password)


def register_endpoints(identity, name: str, kind: str) -> None:
    """The service in the catalog, with a URL for each interface of this region."""
    region = os.environ["OS_REGION_NAME"]
    service = next(iter(identity.services(type=kind)), None) or identity.create_service(name=name, type=kind)
    endpoints = {
        endpoint.interface: endpoint
        for endpoint in identity.endpoints(service_id=service.id, region_id=region)
    }
    for interface, variable in URLS.items():
        url = os.environ[variable]
        if interface not in endpoints:
            identity.create_endpoint(service_id=service.id, interface=interface, region_id=region, url=url)
        elif endpoints[interface].url != url:
            identity.update_endpoint(endpoints[interface], url=url)
        sys.stdout.write(f"{interface} {kind} is at {url}\n")


def created(create, find):
    """What was created here, or meanwhile by the job of another service."""
    try:
        return create()
    except exceptions.Conflict:
        return find()


if __name__ == "__main__":
    main()
