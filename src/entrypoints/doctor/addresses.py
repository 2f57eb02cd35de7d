"""Addresses: where providers reach us, and where webhooks go."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from adapters.webhooks.resolver import PrivateAddressError, PublicResolver
from application.webhooks_addresses import host_of
from entrypoints.checks import configured
from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.public_url import twilio_receipts_url
from entrypoints.settings import Settings

_CHECK = "callbacks"
_HTTPS = 443
_RESOLVE_S = 10.0


def check_public_url(settings: Settings) -> Iterator[Finding]:
    """Tell whether providers can call back; nobody is called for it."""
    url = settings.public_url
    awaited = _awaited(settings)
    if url is None:
        if awaited:
            yield warning(
                _CHECK,
                f"PUBLIC_URL is not set, though {', '.join(awaited)} could report to it",
                "Set PUBLIC_URL to the address providers reach this service at.",
            )
        else:
            yield ok(_CHECK, "none are expected: receipts are asked for")
    elif urlsplit(url).scheme != "https" and awaited:
        yield warning(
            _CHECK,
            "PUBLIC_URL is not https: what proves callbacks can be read on the way",
            "Have PUBLIC_URL begin with https://, with a proxy in front that ends TLS.",
        )
    elif "twilio" in awaited and twilio_receipts_url(settings) is None:
        yield warning(
            _CHECK,
            "PUBLIC_URL names a host that Twilio cannot reach",
            "Have PUBLIC_URL name a host that is known on the Internet.",
        )
    else:
        yield ok(_CHECK, "PUBLIC_URL is set; whether it can be reached was not tried")


def _awaited(settings: Settings) -> list[str]:
    able = configured(settings)
    proofs = {
        "smscru": settings.smscru_callback_secret,
        "twilio": settings.twilio_token,
        "mobizonkz": settings.mobizonkz_webhook_secret,
    }
    return [code for code, proof in proofs.items() if proof and code in able]


async def check_webhooks(settings: Settings) -> list[Finding]:
    """Look up every host webhooks may go to; nothing is posted."""
    hosts = filter(None, (host_of(f"https://{host}") for host in settings.webhook_hosts))
    named = dict.fromkeys(hosts, "WEBHOOK_HOSTS")
    named |= {host: "WEBHOOK_URLS" for url in settings.webhook_urls if (host := host_of(url))}
    resolver = PublicResolver(allow_private=settings.webhook_allow_private)
    asked = (_check_host(resolver, host, setting) for host, setting in named.items())
    return list(await asyncio.gather(*asked))


async def _check_host(resolver: PublicResolver, host: str, setting: str) -> Finding:
    try:
        async with asyncio.timeout(_RESOLVE_S):
            await resolver(host.strip("[]"), _HTTPS)
    except PrivateAddressError:
        fix = f"Name a public host in {setting}, or set WEBHOOK_ALLOW_PRIVATE=true."
        return problem("webhooks", f"{host} is in a private network, where none are sent", fix)
    except (OSError, UnicodeError) as error:
        text = f"{host} has no address: {type(error).__name__}"
        return problem("webhooks", text, f"Correct {setting}, or have the name resolve here.")
    return ok("webhooks", f"{host} has an address")
