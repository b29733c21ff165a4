"""Images made for quic-interop-runner's WebTransport mode, against each other, as they are.

Such an image is told its test case in variables, finds what to send in /www, leaves what came in
/downloads, and ends; 127 declines. A pair has two networks of its own, and between them one
container that both of them know as `sim` and as their gateway: the forwarder, whose relay carries
and records what they say. Verdicts come from exit statuses, from the bytes of /downloads and from
the wire, never from what a program prints.
"""
