"""Who is who: people as Telegram names them, their sessions; used by both fronts alike."""
