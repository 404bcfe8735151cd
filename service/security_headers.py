"""What answers tell browsers not to do."""

import base64
import hashlib

NOSNIFF = (b"x-content-type-options", b"nosniff")
"""On every answer: it is of the type that it says, whatever its bytes look like."""


def page_headers(style: str) -> dict[str, str]:
    """Of a page without scripts: nothing loads, nothing frames it, it sends nothing.

    Args:
        style: the text of its one `<style>`, which is allowed by its hash.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
