"""Makes a meter of an ESP32: MicroPython, firmware, settings, key and label, in one command."""
