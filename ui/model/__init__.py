"""What the screens show and decide, without Qt: tested without it, too."""
