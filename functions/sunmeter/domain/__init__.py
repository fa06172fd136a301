"""What the cloud decides, without I/O: no module here imports a Google or Firebase package."""
