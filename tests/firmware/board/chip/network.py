"""Stands in for the ESP32's network module: a station that keeps what it was told."""

calls = []


def hostname(name):
    calls.append("named " + name)


class WLAN:
    IF_STA = 0
    PM_NONE = 0

    def __init__(self, interface):
        pass

    def active(self, is_on):
        calls.append("on" if is_on else "off")

    def config(self, pm):
        calls.append("pm %d" % pm)

    def connect(self, ssid, password):
        calls.append("connect " + ssid)

    def disconnect(self):
        calls.append("disconnect")

    def isconnected(self):
        return False

    def status(self, what):
        raise OSError(5)
