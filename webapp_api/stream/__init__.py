"""The WebSocket hub behind /api/ws; docs/stream.md says what it looks like from outside.

From the wire inwards: frames (bytes of a text frame), outgoing (what one client is still to get, and when it is too
slow), answers (replies in the order of the requests), protocol (what clients say), connection (one client), orders
(what it trades), ring (what a channel told last), channel (what public channels share), depth and market_channels
(these channels), public and private (all channels of a kind), views and reads (what private channels tell), hub (all
clients), metrics.
"""
