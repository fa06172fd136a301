"""Runs before main.py, on the ESP32 only: full speed, and memory given back early enough."""

import gc

import machine

machine.freq(240000000)  # a board starts at 160 MHz; a burst's arithmetic then takes half as long again
gc.collect()
gc.threshold(16384)  # collect before large pieces are used up: fragments cost more than collections
