"""The batcher: payloads of many requests in few runs, on the slots of one device, fairly.

It knows nothing of pictures, threads or HTTP. `scheduler.Scheduler` holds the slots and makes a
`batcher.Batcher` for every model; `curve.ServiceCurve` says how long a run takes.
"""
