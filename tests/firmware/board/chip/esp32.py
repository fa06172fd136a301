"""Stands in for the ESP32's esp32 module: the non-volatile store, one namespace, lost with the process."""

blobs = {}
_ESP_ERR_NVS_NOT_FOUND = -4354


class NVS:
    def __init__(self, namespace):
        self._namespace = namespace

    def set_blob(self, name, blob):
        blobs[self._namespace, name] = bytes(blob)

    def get_blob(self, name, into):
        if (self._namespace, name) not in blobs:
            raise OSError(_ESP_ERR_NVS_NOT_FOUND)
        blob = blobs[self._namespace, name]
        into[: len(blob)] = blob
        return len(blob)

    def commit(self):
        pass
