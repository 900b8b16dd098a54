# Managed by heatsink, from templates/horizon/horizon-container.yaml, templates/horizon/horizon-endpoint.yaml, templates/openstack/api.yaml, templates/openstack/endpoint.yaml, cloud.yaml, templates/horizon/local_settings.py.j2
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "@{heatsink:secret:HorizonSecret|json}"
WEBROOT = "/"
OPENSTACK_KEYSTONE_URL = "http://192.0.2.9:5000/v3"
OPENSTACK_KEYSTONE_DEFAULT_ROLE = "member"
OPENSTACK_ENDPOINT_TYPE = "internalURL"
OPENSTACK_API_VERSIONS = {"identity": 3, "image": 2, "volume": 3}
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = True
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": [
            "127.0.0.1:11211",
        ],
    }
}
