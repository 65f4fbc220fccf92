"""Turn a bucket of any S3 (R2, AWS, SeaweedFS, MinIO, …) into an object store.

place.py says where and as whom, and opens the client; file_facts.py measures a file; upload.py puts it there and looks
afterwards; claims.py remembers what is being put, so that nothing is left behind; read.py reads ranges; store.py is the
port. Nothing here is imported unless the settings choose it: botocore takes a quarter of a second to load.
"""
