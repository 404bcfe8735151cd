"""A FastAPI handler as one writes it by hand, for uvicorn: `benchmarks.peers.fastapi_server:app`.

A plain `def` handler runs in Starlette's pool of 40 threads; `POST /executor` decodes and predicts
in a pool as large as the runs that are wanted at a time.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from fastapi import Body, FastAPI, Request

from benchmarks.peers.network import Answer, Network, PeerSettings

settings = PeerSettings.read()
network = Network(settings)
pool = ThreadPoolExecutor(settings.callers)
app = FastAPI()


def classify(data: bytes) -> Answer:
    """One picture file → its classes."""
    return network.classify([network.decode(data)])[0]


@app.post("/predict")
def predict(data: Annotated[bytes, Body()]) -> Answer:
    """In one of Starlette's threads."""
    return classify(data)


@app.post("/executor")
async def predict_in_executor(request: Request) -> Answer:
    """In one of our own few threads."""
    data = await request.body()
    return await asyncio.get_running_loop().run_in_executor(pool, classify, data)


@app.get("/health")
async def health() -> dict[str, str]:
    """Answers as soon as the network is loaded."""
    return {"status": "ready"}
