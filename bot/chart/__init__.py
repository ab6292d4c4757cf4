"""Pictures of candles, as they are sent into a chat and looked at on a phone.

scene       what a picture shows: candles, own orders and fills (plain integers)
axes        where labels stand on the price and the time axis (pure)
layout      from a scene to pixels, in whole numbers (pure)
themes      colours, light and dark
drawing     from pixels to a PNG, by Pillow
charts      the scenes of a market and a person, drawn in a thread and cached
choices     in which colours each person sees them
"""
