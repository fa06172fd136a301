"""Runs after boot.py, on the ESP32 only, and is never updated: starts the firmware that boot.py chose."""

import sys
import time

import machine

machine.WDT(timeout=60000)  # a firmware that hangs before it feeds its own is over
try:
    __import__("main")  # of the slot: the folder of this file is not on the path
except Exception as error:
    sys.print_exception(error)
time.sleep(10)  # for whoever wants to interrupt it, and to spare the flash
machine.reset()
