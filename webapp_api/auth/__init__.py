"""Who is asking: Telegram launch data in, access and refresh tokens out."""
