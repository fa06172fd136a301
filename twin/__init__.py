"""The digital twin: houses as waveforms, their sensors, their people, and the sockets the real firmware listens to."""
