"""aioquic's own HTTP/3 layer behind wtspec's endpoint contract.

It is used as its examples use it: what H3Connection lacks of WebTransport is not made good here.
Sessions, paths and statuses are left to the application by aioquic, and are kept properly.
"""
