"""History that people bring along: files of other systems, read into quarters. Pure.

`detect` says what a file seems to be, `Reader` reads it piece by piece, `batches` keeps what was read by month.
"""
