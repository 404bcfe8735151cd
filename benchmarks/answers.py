"""Before anything is timed: does everybody answer the same class?"""

import httpx

from benchmarks.pictures import Body
from benchmarks.servers import Running


def top_class(server: Running, body: Body) -> int:
    """The best class of a server's answer to one request.

    Raises:
        RuntimeError: it does not answer 200.
    """
    answer = httpx.post(
        server.url,
        content=body.file.read_bytes(),
        headers={"Content-Type": body.content_type},
        timeout=60,
    )
    if not answer.is_success:
        words = answer.text[:500]
        raise RuntimeError(f"{server.server.name} answered {answer.status_code}: {words}")
    return find_best(answer.json())


def find_best(answer: object) -> int:
    """The first class anywhere in an answer: ours wraps results, BentoML answers a list.

    Raises:
        ValueError: there is none.
    """
    match answer:
        case {"class_id": int(found)}:
            return found
        case {"results": [first, *_]} | {"classes": [first, *_]} | [first, *_]:
            return find_best(first)
        case _:
            raise ValueError(f"expected an answer with classes, received {str(answer)[:200]}")
