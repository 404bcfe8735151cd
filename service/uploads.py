"""What a request brought: encoded pictures, or an array of ready ones."""

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from bundle.manifest import ImageInput
from engine.arrays import Pixels
from service import arrays
from service.multipart import Picture, read_pictures
from service.settings import Settings

Upload = list[Picture] | Pixels


async def read_upload(request: Request, spec: ImageInput, settings: Settings) -> Upload:
    """Read the body: a multipart form, an .npy array, or, whatever its type says, one picture.

    Raises:
        RequestError: the body is too large, too late, or not the form it claims to be.
        PixelsError: the array is not what the network takes.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await read_pictures(request.stream(), content_type, settings.max_images)
    body = await read_body(request.receive)
    if media_type == arrays.MEDIA_TYPE or body.startswith(arrays.MAGIC):
        return arrays.read_array(body, spec, settings.max_images)
    return [Picture(None, body)]


async def read_body(receive: Receive) -> bytes:
    """A request's whole body; one that came in one piece, as most do, is not copied.

    Raises:
        ClientDisconnect: the client left before its end.
    """
    pieces: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if piece := message.get("body", b""):
            pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)
