"""Real workers send letters while they are killed and lose what they need; each letter is accounted for."""
