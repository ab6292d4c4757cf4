"""The WebSocket hub behind /api/ws.

From the wire inwards: frames (bytes of a text frame), outgoing (what one client is still to get, and when it is too
slow), answers (replies in the order of the requests), protocol (what clients say), connection (one client), public
and private (channels), hub (all clients), metrics.
"""
