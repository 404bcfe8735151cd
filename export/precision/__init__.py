"""fp16 and int8 variants of a published bundle's prediction graph, each measured against fp32."""
